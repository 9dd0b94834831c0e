// SPDX-License-Identifier: Apache-2.0
#include "disco/train/recipe.h"

namespace disco {
namespace {

void AddNetwork(NetworkRecipe& network, std::vector<RecipeField>& fields) {
  const auto add = [&](const char* key, const char* help, auto* value) {
    fields.push_back({"network", key, help, value});
  };
  add("network", "a network of the zoo (resnet8, resnet50...) or an .onnx file", &network.network);
  add("width", "of every layer, relative to the published one: 2, 1/8", &network.width);
  add("image", "CxHxW that the network reads: 3x32x32", &network.image);
  add("classes", "of the answer; 0: as many as the data has", &network.classes);
  add("stem_stride", "stride of the first convolution; 0: as published", &network.stem_stride);
}

void AddData(DataRecipe& data, std::vector<RecipeField>& fields) {
  const auto add = [&](const char* key, const char* help, auto* value) {
    fields.push_back({"data", key, help, value});
  };
  add("data", "a folder of pictures, or synthetic[:train=N,val=N,size=N]", &data.data);
  add("limit", "train on so many pictures; 0: all", &data.limit);
  add("val_limit", "measure on so many pictures; 0: all", &data.val_limit);
  add("pad_crop", "shift training pictures by up to so many pixels", &data.pad_crop);
  add("flip", "mirror training pictures at random", &data.flip);
  add("preprocessing", "'3x32x32 mean=0.5 std=0.25'; empty: the network's own",
      &data.preprocessing);
  add("skip_share", "broken pictures that are left out before it is an error", &data.skip_share);
  add("loader_threads", "that decode pictures; 0: half as many as cores", &data.loader_threads);
}

void AddTrain(TrainRecipe& train, std::vector<RecipeField>& fields) {
  const auto add = [&](const char* key, const char* help, auto* value) {
    fields.push_back({"train", key, help, value});
  };
  add("epochs", "passes over the data", &train.epochs);
  add("batch", "pictures per step", &train.batch);
  add("optimizer", "sgd (with momentum) or adamw", &train.optimizer);
  add("lr", "learning rate at its peak", &train.lr);
  add("momentum", "of sgd; the first beta of adamw", &train.momentum);
  add("weight_decay", "of kernels and matrices", &train.weight_decay);
  add("label_smoothing", "share of the target spread over all classes", &train.label_smoothing);
  add("schedule", "cosine, linear or constant", &train.schedule);
  add("warmup_epochs", "in which the learning rate rises to its peak", &train.warmup_epochs);
  add("ema", "decay of averaged weights, like 0.999; 0: none", &train.ema);
  add("bf16", "compute products in bfloat16", &train.bf16);
  add("seed", "of weights, order, augmentation and random plans", &train.seed);
  add("threads", "of LibTorch; 0: one per core", &train.threads);
}

void AddSparsify(SparsifyRecipe& sparsify, std::vector<RecipeField>& fields) {
  const auto add = [&](const char* key, const char* help, auto* value) {
    fields.push_back({"sparsify", key, help, value});
  };
  add("nodes", "machines that will run the network together", &sparsify.nodes);
  add("shares", "of the work, per node: 40,35,25; empty: equal", &sparsify.shares);
  add("sparsity", "S: share of foreign features that are not sent", &sparsify.sparsity);
  add("method",
      "disco, random, branches, dense-then-split=STAGE, split-then-aggregate=STAGE, dense",
      &sparsify.method);
  add("allow_empty", "let a transfer round to no feature", &sparsify.allow_empty);
  add("rounds", "of pruning and fine-tuning", &sparsify.rounds);
  add("epochs", "of fine-tuning, in all", &sparsify.epochs);
  add("lr", "learning rate at its peak while fine-tuning", &sparsify.lr);
  add("restart", "restart the schedule at each round; false: one anneal", &sparsify.restart);
  add("recalibration_images", "to measure BatchNormalization's statistics on",
      &sparsify.recalibration_images);
  add("wire", "how features travel, while fine-tuning and in the plan: fp32, fp16 or int8",
      &sparsify.wire);
  add("calibrate_images", "pictures to train on that give features their scales as int8",
      &sparsify.calibrate_images);
}

}  // namespace

std::vector<RecipeField> FieldsOf(Recipe& recipe) {
  std::vector<RecipeField> fields;
  AddNetwork(recipe.network, fields);
  AddData(recipe.data, fields);
  AddTrain(recipe.train, fields);
  AddSparsify(recipe.sparsify, fields);
  return fields;
}

}  // namespace disco
