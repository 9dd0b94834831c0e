// SPDX-License-Identifier: Apache-2.0
#include <filesystem>

#include "disco/base/standard_streams.h"
#include "disco/base/text.h"
#include "disco/base/units.h"
#include "disco/onnx/onnx.h"
#include "disco/op/work.h"
#include "disco/train/logits.h"
#include "disco/train/machine.h"
#include "disco/train/session.h"

namespace disco {

void Announce(TrainSession& session) {
  UseThreads(session.recipe.train.threads);
  const std::string machine = DescribeMachine();
  PrintError("{}\n", machine);
  if (const std::string warning = WarnOfLoad(); !warning.empty()) {
    PrintError("warning: {}\n", warning);
  }
  PrintError("{}: {}, {} parameters; {} pictures to train on\n", session.recipe.network.network,
             ToString(MacsOf(session.graph)), ParameterCount(session.graph), session.train_images);
  for (const std::string& note : session.notes) {
    PrintError("warning: {}\n", Printable(note));
  }
  if (EndsInSoftmax(session.graph)) {
    PrintError("the network ends in Softmax: it is trained on what that reads\n");
  }
  session.log.Write("start",
                    {{"machine", machine},
                     {"resumed", session.options.resume},
                     {"warnings", session.notes},
                     {"recipe", nlohmann::ordered_json::parse(RecipeToJson(session.recipe))}});
}

Status Conclude(TrainSession& session, RunReport& report) {
  DISCO_TRY(WriteOnnx(session.graph, session.options.out));
  report.files["network"] = session.options.out.string();
  report.files["log"] = session.options.log.string();
  report.warnings = session.notes;
  std::error_code ignored;  // the run is done, with or without its checkpoint
  std::filesystem::remove(session.options.checkpoint, ignored);
  session.log.Write("done", nlohmann::ordered_json::parse(ReportToJson(report)));
  PrintError("{}, {:.0f} images/s; wrote {}\n", ToString(DefOf(report.task), report.values),
             report.ImagesPerSecond(), session.options.out.string());
  return session.log.Check();
}

}  // namespace disco
