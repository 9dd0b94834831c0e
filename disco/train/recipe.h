// SPDX-License-Identifier: Apache-2.0
// Recipe: everything that decides what a training run gives. Defaults here, over them a TOML file
// with the sections [network], [data], [train] and [sparsify], over it flags of the same names.
//
// Thread rule: plain values; pure functions but ReadRecipe. Errors: kUsage or kInvalid naming file,
// line and key, or the flag.
#pragma once

#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "disco/base/file.h"

namespace disco {

struct NetworkRecipe {
  std::string network = "resnet8";  // of the zoo, or a path that ends in .onnx
  std::string width = "1";          // as ParseWidth reads it
  std::string image;                // "CxHxW"; empty: that of the network
  int64_t classes = 0;              // 0: as many as the data has
  int64_t stem_stride = 0;          // 0: as published
};

struct DataRecipe {
  std::string data = "synthetic";  // as OpenDataset reads it
  int64_t limit = 0;               // pictures to train on; 0: all
  int64_t val_limit = 0;           // pictures to measure on; 0: all
  int64_t pad_crop = 0;            // pixels of random shift
  bool flip = false;               // random mirroring
  std::string preprocessing;       // as ParsePreprocessing reads it; empty: see session.h
  double skip_share = 0.01;        // broken pictures that are put up with, of all
  int64_t loader_threads = 0;      // that decode and augment, beside those that train
};

struct TrainRecipe {
  int64_t epochs = 24;
  int64_t batch = 128;              // pictures
  std::string optimizer = "sgd";    // or adamw
  double lr = 0.1;                  // at its peak
  double momentum = 0.9;            // the first beta of AdamW
  double weight_decay = 5e-4;       // of matrices and kernels
  double label_smoothing = 0;       // share of the target spread over all classes
  std::string schedule = "cosine";  // or linear, constant
  double warmup_epochs = 1;
  double ema = 0;     // decay of averaged weights per step; 0: none
  bool bf16 = false;  // products in bfloat16; weights and sums stay float
  int64_t seed = 0;
  int64_t threads = 0;  // of LibTorch; 0: one per core
};

struct SparsifyRecipe {
  int64_t nodes = 2;
  std::string shares;            // as ParseShares reads it; empty: equal
  double sparsity = 0.9;         // S
  std::string method = "disco";  // as ParseMethod reads it
  bool allow_empty = false;      // let a transfer round to no feature
  int64_t rounds = 3;            // of pruning and fine-tuning, for disco
  int64_t epochs = 6;            // of fine-tuning, in all; the same for every method
  double lr = 0.05;
  bool restart = true;                  // the schedule restarts at each round; else one for all
  int64_t recalibration_images = 4096;  // that BatchNormalization's statistics are measured on
  std::string wire = "fp32";            // as ParseWireType reads it
  int64_t calibrate_images = 64;        // that the scales of int8 are chosen by
};

struct Recipe {
  NetworkRecipe network;
  DataRecipe data;
  TrainRecipe train;
  SparsifyRecipe sparsify;
};

// One entry of a recipe, by name.
struct RecipeField {
  std::string section, key, help;
  std::variant<std::string*, int64_t*, double*, bool*> value;
};
// All entries of `recipe`, which has to outlive them.
std::vector<RecipeField> FieldsOf(Recipe& recipe);

// Sets the entry from the text of a flag.
Status SetField(const RecipeField& field, std::string_view text);

// Sets what the file says and leaves the rest.
Status ReadRecipe(const Path& path, Recipe& recipe);

// That all numbers make sense together.
Status CheckRecipe(const Recipe& recipe);

// As JSON in one line, section by section.
std::string RecipeToJson(const Recipe& recipe);

// Which entries of `then`, which RecipeToJson has made, are others in `now`, as in "train.lr was
// 0.1, is 0.2". The numbers of threads, which do not change a result, are not compared. Throws what
// the JSON library does for a text that is no recipe.
std::vector<std::string> DifferingSettings(const std::string& then, const Recipe& now);

}  // namespace disco
