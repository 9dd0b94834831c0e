# Two commands: `make quickstart` and `make test`. Each works from a bare Debian 12 with git, make and root or sudo, and
# repeats no finished step. `make deps` and `make build` are the steps they share.
PRESET ?= release
BUILD := build/$(PRESET)
JOBS ?= $(shell nproc)
PACKAGES := $(shell sed -n 's/^\([a-z0-9.+-]*\) .*/\1/p' tools/debian-packages.txt)
# ccache, where it is there, makes every further build of the same sources cheap.
export CCACHE_SLOPPINESS ?= pch_defines,time_macros
export CCACHE_BASEDIR ?= $(CURDIR)
LAUNCHER := $(shell command -v ccache >/dev/null 2>&1 && echo -DCMAKE_CXX_COMPILER_LAUNCHER=ccache)

.PHONY: quickstart test build configure deps format format-check clean

quickstart: TARGETS := disco disco-train
quickstart: build
	tools/quickstart.sh $(BUILD)/bin

test: build format-check
	ctest --test-dir $(BUILD) --output-on-failure -j $(JOBS)

build: $(BUILD)/build.ninja
	cmake --build $(BUILD) -j $(JOBS) $(if $(TARGETS),--target $(TARGETS))

deps:
	@tools/need_packages.sh $(PACKAGES)

$(BUILD)/build.ninja: | deps
	cmake --preset $(PRESET) $(LAUNCHER)

# All C++ sources of the project, as git knows them; without them there is nothing to check, which is no success.
SOURCES = $(or $(shell git ls-files '*.cc' '*.h'),$(error git does not list the sources; is this a clone, and yours?))
format: deps
	clang-format-19 -i $(SOURCES)
format-check: deps
	@clang-format-19 --dry-run --Werror $(SOURCES)

clean:
	rm -rf build quickstart
