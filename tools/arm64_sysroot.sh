#!/usr/bin/env bash
# Unpacks the arm64 packages that a node is compiled against into build/arm64-sysroot. Packages of this machine stay as
# they are: apt gets an empty list of installed packages, and nothing is configured. Needs no root.
# Usage: tools/arm64_sysroot.sh
set -euo pipefail
cd "$(dirname "$0")/.."
sysroot=$PWD/build/arm64-sysroot
state=$PWD/build/arm64-packages
# Libraries of the product, without LibTorch, and what the cross compiler does not bring.
mapfile -t packages < <(sed -n 's/^\([a-z0-9.+-]*-dev\) .*/\1/p' tools/debian-packages.txt | grep -v torch)
packages+=(libc6-dev libstdc++-12-dev libgomp1)
[ "$(cat "$sysroot/packages" 2>/dev/null)" = "${packages[*]}" ] && exit

arm64_apt() {
  apt-get -qq -o APT::Architecture=arm64 -o APT::Architectures::=arm64 -o APT::Install-Recommends=false \
    -o Dir::State="$state" -o Dir::State::status="$state/status" -o Dir::Cache="$state" -o APT::Sandbox::User=root \
    -o Debug::NoLocking=1 "$@"
}

echo "Fetching arm64 packages into $sysroot"
rm -rf "$sysroot" "$state"
mkdir -p "$sysroot/usr/lib" "$state/lists/partial" "$state/archives/partial"
: >"$state/status"
arm64_apt update
arm64_apt install -y --download-only "${packages[@]}" >/dev/null
ln -s usr/lib "$sysroot/lib"
for archive in "$state"/archives/*.deb; do
  dpkg-deb --fsys-tarfile "$archive" | tar -x --keep-directory-symlink -C "$sysroot" --exclude './dev/*'
done
rm -rf "$state"
# Some links between packages are absolute.
find "$sysroot" -lname '/*' | while read -r link; do ln -sfn "$sysroot$(readlink "$link")" "$link"; done
echo "${packages[*]}" >"$sysroot/packages"
