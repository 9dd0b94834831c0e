// SPDX-License-Identifier: Apache-2.0
#include "disco/data/class_names.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <span>
#include <sstream>

#include "disco/data/dataset_kinds.h"

namespace disco {
namespace {

using Names = std::vector<std::string>;

constexpr size_t kListed = 5;  // names in a message

// The data set `inner` with other labels.
class Relabelled final : public Dataset {
 public:
  Relabelled(std::shared_ptr<const Dataset> inner, Names names, std::vector<int64_t> labels)
      : inner_(std::move(inner)),
        class_names_(std::move(names)),
        class_sizes_(class_names_.size()),
        labels_(std::move(labels)) {
    const std::vector<int64_t> sizes = inner_->class_sizes();
    for (size_t i = 0; i < labels_.size(); ++i) {
      if (sizes[i] > 0) class_sizes_[static_cast<size_t>(labels_[i])] = sizes[i];
    }
  }

  int64_t size() const override { return inner_->size(); }
  Result<Sample> Get(int64_t index) const override {
    DISCO_ASSIGN(Sample sample, inner_->Get(index));
    sample.target = ClassLabel{labels_[static_cast<size_t>(LabelOf(sample.target))]};
    return sample;
  }
  const Names& class_names() const override { return class_names_; }
  std::vector<int64_t> class_sizes() const override { return class_sizes_; }
  std::vector<std::string> notes() const override { return notes_; }
  std::vector<DataPart> parts() const override { return inner_->parts(); }
  std::string Describe(int64_t index) const override { return inner_->Describe(index); }
  bool in_memory() const override { return inner_->in_memory(); }

  void set_notes(std::vector<std::string> notes) { notes_ = std::move(notes); }

 private:
  std::shared_ptr<const Dataset> inner_;
  Names class_names_;
  std::vector<int64_t> class_sizes_;
  std::vector<int64_t> labels_;  // by label of `inner_`
  std::vector<std::string> notes_;
};

std::string Listed(const Names& names) {
  const auto first = std::span(names).first(std::min(names.size(), kListed));
  return fmt::format("{}{}", fmt::join(first, ", "), names.size() > kListed ? ", ..." : "");
}

bool AreNumbers(const Names& names) { return names == NumberedClasses(names.size()); }

// Names of classes that have a picture in `dataset`, and are not in `known`.
Names Unknown(const Dataset& dataset, const Names& known) {
  Names unknown;
  const std::vector<int64_t> sizes = dataset.class_sizes();
  for (size_t i = 0; i < sizes.size(); ++i) {
    const std::string& name = dataset.class_names()[i];
    if (sizes[i] > 0 && std::ranges::find(known, name) == known.end()) unknown.push_back(name);
  }
  return unknown;
}

// The network's class of each class that has a picture.
Result<std::vector<int64_t>> ByName(const Dataset& dataset, const NetworkClasses& network) {
  const Names& names = network.names;
  std::vector<int64_t> labels;
  const std::vector<int64_t> sizes = dataset.class_sizes();
  for (size_t i = 0; i < sizes.size(); ++i) {
    const std::string& name = dataset.class_names()[i];
    const auto place = std::ranges::find(names, name);
    labels.push_back(place == names.end() ? 0 : place - names.begin());
    if (sizes[i] == 0) continue;
    if (std::find(place + 1, names.end(), name) != names.end()) {
      return Fail(ErrorKind::kInvalid,
                  "'{}' is the name of two classes of the network; give its classes names of their "
                  "own",
                  name);
    }
  }
  return labels;
}

Result<std::vector<int64_t>> ByPlace(const Dataset& dataset, const NetworkClasses& network) {
  const auto classes = static_cast<int64_t>(dataset.class_names().size());
  if (classes != network.answers) {
    return Fail(ErrorKind::kInvalid,
                "{} classes ({}), but the network tells {} apart and {}: nothing says which is "
                "which; train it on this data, or give data of as many classes",
                classes, Listed(dataset.class_names()), network.answers,
                network.names.empty() ? "has no class names" : "names or numbers do not match");
  }
  std::vector<int64_t> labels;
  for (int64_t label = 0; label < classes; ++label) labels.push_back(label);
  return labels;
}

Status CheckNames(const NetworkClasses& network) {
  if (static_cast<int64_t>(network.names.size()) <= network.answers) return {};
  return Fail(ErrorKind::kInvalid, "{} classes are named, but the network tells {} apart",
              network.names.size(), network.answers);
}

std::vector<std::string> NotesOf(const Dataset& matched, std::string_view name) {
  Names missing;
  const std::vector<int64_t> sizes = matched.class_sizes();
  for (size_t i = 0; i < sizes.size(); ++i) {
    if (sizes[i] == 0) missing.push_back(matched.class_names()[i]);
  }
  if (missing.empty()) return {};
  return {fmt::format("{}: no pictures of {} of the network's {} classes ({})", name,
                      missing.size(), sizes.size(), Listed(missing))};
}

}  // namespace

std::vector<std::string> ParseClassNames(std::string_view text) {
  Names names;
  std::istringstream lines{std::string(text)};
  for (std::string line; std::getline(lines, line);) names.push_back(line);
  return names;
}

Result<std::string> ClassNamesText(const std::vector<std::string>& names) {
  for (const std::string& name : names) {
    if (name.find('\n') == std::string::npos) continue;
    return Fail(ErrorKind::kInvalid, "the class name '{}' has a line break; rename the class",
                name);
  }
  return fmt::format("{}", fmt::join(names, "\n"));
}

Result<std::shared_ptr<const Dataset>> MatchClasses(std::shared_ptr<const Dataset> dataset,
                                                    const NetworkClasses& network,
                                                    std::string_view name) {
  if (const Status sound = CheckNames(network); !sound) return At(name, sound.error());
  const Names unknown = Unknown(*dataset, network.names);
  // Numbers of a data set that says nothing of names are places, of which both have as many.
  const bool other_count = dataset->class_names().size() != network.names.size();
  const bool by_name = unknown.empty() && !(dataset->classes_are_numbered() && other_count);
  if (!by_name && !AreNumbers(network.names) && !dataset->classes_are_numbered()) {
    return Fail(ErrorKind::kInvalid,
                "{}: '{}'{} is no class of the network, whose {} classes are {}; rename or remove "
                "it, or take a network that was trained on it",
                name, unknown[0],
                unknown.size() > 1 ? fmt::format(" (and {} more)", unknown.size() - 1) : "",
                network.names.size(), Listed(network.names));
  }
  auto labels = by_name ? ByName(*dataset, network) : ByPlace(*dataset, network);
  if (!labels) return At(name, labels.error());
  std::vector<std::string> notes = dataset->notes();
  if (!by_name) {
    notes.push_back(fmt::format("{}: the {} has no class names: its classes are matched by place",
                                name, AreNumbers(network.names) ? "network" : "data set"));
  }
  const Names names = network.names.empty() ? dataset->class_names() : network.names;
  auto matched = std::make_shared<Relabelled>(std::move(dataset), names, std::move(*labels));
  for (std::string& note : NotesOf(*matched, name)) notes.push_back(std::move(note));
  matched->set_notes(std::move(notes));
  return matched;
}

}  // namespace disco
