// SPDX-License-Identifier: Apache-2.0
#include "disco/shard/cut.h"

#include "disco/base/hash.h"
#include "disco/onnx/onnx.h"
#include "disco/op/infer_shapes.h"
#include "disco/op/validate.h"
#include "disco/shard/shard_builder.h"
#include "disco/shard/with_next.h"

namespace disco {
namespace {

Result<Graph> CutNode(const BoundPlan& bound, NodeId node, Cut& cut) {
  ShardBuilder builder(bound, node);
  for (const OpId op : bound.order()) DISCO_TRY(builder.AppendOp(op));
  DISCO_TRY(builder.AppendOutputs(cut.outputs));
  cut.inputs.push_back(builder.network_inputs());
  Graph shard = builder.TakeShard();
  shard.name = fmt::format("{}, node {} of {}", bound.graph().name, node, bound.nodes());
  shard.metadata = {{kShardNodeKey, std::to_string(node)},
                    {kShardNodesKey, std::to_string(bound.nodes())},
                    {kShardPlanKey, HashText(cut.plan_hash)}};
  RemoveUnused(shard);
  KeepFollowed(shard, cut.traffic);
  DISCO_TRY(Validate(shard));
  DISCO_TRY(InferShapes(shard));
  return shard;
}

// Whether `path` is a file that an earlier cut has written.
bool IsShard(const Path& path) {
  std::error_code error;
  if (!std::filesystem::is_regular_file(path, error)) return false;
  const auto graph = ReadOnnx(path);
  return graph && HoldsShard(*graph);
}

// Leaves alone what no cut has written.
Status RemoveShard(const Path& path) {
  if (!IsShard(path)) return {};
  for (const Path& file : FilesOfNetwork(path)) {
    if (file != path && file != path.string() + ".data") continue;
    std::error_code error;
    std::filesystem::remove(file, error);
    if (!error || error == std::errc::no_such_file_or_directory) continue;
    return Fail(ErrorKind::kIo, "{}: {}; it is of another cut, remove it", file.string(),
                error.message());
  }
  return {};
}

// Only a shard, and the weights beside it, give way to a shard.
Status CheckPlace(const Path& path) {
  if (IsShard(path)) return {};
  for (const Path& file : {path, Path(path.string() + ".data")}) {
    std::error_code error;
    if (!std::filesystem::exists(file, error)) continue;
    return Fail(
        ErrorKind::kIo,
        "{} is there and is no shard of an earlier cut; remove it, or cut into another folder",
        file.string());
  }
  return {};
}

}  // namespace

Path ShardPath(const Path& folder, NodeId node) {
  return folder / fmt::format("node-{}.onnx", node);
}

Result<Cut> CutNetwork(const BoundPlan& bound) {
  Cut cut{.outputs = std::vector<OutputSource>(bound.graph().outputs.size()),
          .traffic = bound.traffic(),
          .plan_hash = Hash(bound.plan())};
  for (NodeId node = 0; node < bound.nodes(); ++node) {
    auto shard = CutNode(bound, node, cut);
    if (!shard) return At(fmt::format("cutting for node {}", node), shard.error());
    cut.shards.push_back(std::move(*shard));
  }
  return cut;
}

Result<Cut> FoldAndCut(const BoundPlan& bound) {
  DISCO_ASSIGN(const BoundPlan for_nodes, bound.ForNodes());
  return CutNetwork(for_nodes);
}

Result<std::vector<Path>> WriteShards(const Cut& cut, const Path& folder) {
  DISCO_TRY(MakeFolder(folder));
  std::vector<Path> paths;
  const auto nodes = static_cast<NodeId>(cut.shards.size());
  for (NodeId node = 0; node < nodes; ++node) DISCO_TRY(CheckPlace(ShardPath(folder, node)));
  for (NodeId node = 0; node < nodes; ++node) {
    paths.push_back(ShardPath(folder, node));
    DISCO_TRY(WriteOnnx(cut.shards[static_cast<size_t>(node)], paths.back()));
  }
  for (NodeId node = nodes; node < kMaxNodes; ++node)
    DISCO_TRY(RemoveShard(ShardPath(folder, node)));
  return paths;
}

}  // namespace disco
