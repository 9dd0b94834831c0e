// SPDX-License-Identifier: Apache-2.0
// A network and pictures that nobody here made: SqueezeNet 1.0 classifies 100 photographs over 2
// and 3 nodes exactly as on one.
#include <fstream>

#include "disco/data/metrics.h"
#include "disco/data/preprocessing.h"
#include "disco/node/session.h"
#include "disco/onnx/onnx.h"
#include "disco/op/infer_shapes.h"
#include "disco/plan/make_plan.h"
#include "tests/compare.h"
#include "tests/measured_data.h"

namespace disco {
namespace {

// As the network's own description says: BGR, 227 x 227, minus (104, 117, 123).
constexpr const char* kPreprocessing = "3x227x227 resize=256 scale=1 mean=104,117,123 bgr";

struct Photograph {
  Tensor input;
  int64_t label;
};

std::vector<Photograph> ReadPhotographs() {
  std::vector<Photograph> photographs;
  const auto preprocessing = ParsePreprocessing(kPreprocessing);
  EXPECT_TRUE(preprocessing) << preprocessing.error().message;
  const Path folder = DataFolder("imagenet-samples");
  std::ifstream labels(folder / "labels.txt");
  std::string name;
  for (int64_t label = 0; labels >> name >> label;) {
    const auto image = ReadImage(folder / name, DecodeFor(*preprocessing));
    EXPECT_TRUE(image) << image.error().message;
    photographs.push_back({ToTensor(*image, *preprocessing).Reshaped({1, 3, 227, 227}), label});
  }
  return photographs;
}

TEST(SqueezeNet, ClassifiesAlikeOnOneTwoAndThreeNodes) {
  DISCO_SKIP_WITHOUT("imagenet-samples");
  auto graph = ReadOnnx(Path(DISCO_DATA) / "weights/squeezenet1.0_imagenet.onnx");
  ASSERT_TRUE(graph) << graph.error().message;
  ASSERT_TRUE(InferShapes(*graph));
  const std::vector<Photograph> photographs = ReadPhotographs();
  ASSERT_EQ(photographs.size(), 100u);
  std::vector<std::vector<Tensor>> alone;
  for (const int nodes : {1, 2, 3}) {
    const auto plan = MakePlan(*graph, {.nodes = nodes, .method = {Method::kDense, ""}});
    const auto session = Session::OpenLocal(*graph, *plan, {.deadline = Milliseconds(60000)});
    ASSERT_TRUE(session) << session.error().message;
    int64_t right = 0;
    for (size_t i = 0; i < photographs.size(); ++i) {
      const auto outputs = (*session)->Infer(std::vector{photographs[i].input});
      ASSERT_TRUE(outputs) << outputs.error().message;
      if (nodes == 1) alone.push_back(*outputs);
      ExpectClose(*outputs, alone[i], 1e-4);
      const auto best = TopK((*outputs)[0].Data<float>(), 5),
                 best_alone = TopK(alone[i][0].Data<float>(), 5);
      for (size_t k = 0; k < 5; ++k)
        EXPECT_EQ(best[k].first, best_alone[k].first) << "photograph " << i << ", rank " << k;
      right += best[0].first == photographs[i].label ? 1 : 0;
    }
    std::printf("on %d: %d of 100 photographs right\n", nodes, static_cast<int>(right));
    EXPECT_GE(right, 50);
  }
}

}  // namespace
}  // namespace disco
