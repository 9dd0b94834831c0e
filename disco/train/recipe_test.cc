// SPDX-License-Identifier: Apache-2.0
#include "disco/train/recipe.h"

#include <gmock/gmock.h>

#include <memory>
#include <set>

namespace disco {
namespace {

Result<Recipe> ReadText(const std::string& text) {
  const Path path = Path(testing::TempDir()) / "recipe_test.toml";
  EXPECT_TRUE(WriteFile(path, text));
  Recipe recipe;
  DISCO_TRY(ReadRecipe(path, recipe));
  return recipe;
}

const RecipeField& FieldOf(const std::vector<RecipeField>& fields, const std::string& key) {
  for (const RecipeField& field : fields) {
    if (field.key == key) return field;
  }
  ADD_FAILURE() << key;
  return fields.front();
}

TEST(RecipeTest, FileGoesOverDefaults) {
  const auto recipe = ReadText(
      "[network]\nwidth = 2\n[train]\nlr = 1\nbf16 = true\nschedule = \"linear\"\n"
      "[sparsify]\nepochs = 9\nlr = 0.25\n");
  ASSERT_TRUE(recipe) << recipe.error().message;
  EXPECT_EQ(recipe->network.width, "2");
  EXPECT_EQ(recipe->train.lr, 1.0);
  EXPECT_TRUE(recipe->train.bf16);
  EXPECT_EQ(recipe->train.schedule, "linear");
  EXPECT_EQ(recipe->sparsify.epochs, 9);
  EXPECT_EQ(recipe->sparsify.lr, 0.25);
  EXPECT_EQ(recipe->train.epochs, Recipe().train.epochs);
}

struct Wrong {
  std::string text, named;
};

TEST(RecipeTest, MistakesAreNamedWithTheirLine) {
  const std::vector<Wrong> cases = {
      {"[train]\nepochs = 3\nlearning = 0.1\n", "recipe_test.toml:3: no key 'learning' in [train]"},
      {"[training]\nepochs = 3\n", "training"},
      {"epochs = 3\n", "recipe_test.toml:1: no section 'epochs'"},
      {"[train]\n\nepochs = \"many\"\n", "recipe_test.toml:3"},
      {"[train]\nepochs = 2.5\n", "epochs"},
      {"[train]\nbf16 = 1.5\n", "bf16"},
      {"[train]\nlr = [1]\n", "recipe_test.toml:2: lr"},
      {"[train\n", "recipe_test.toml"},
      {"[train]\nlr = 1\nlr = 2\n", "lr"},
  };
  for (const auto& [text, named] : cases) {
    const auto recipe = ReadText(text);
    ASSERT_FALSE(recipe) << text;
    EXPECT_NE(recipe.error().message.find(named), std::string::npos) << recipe.error().message;
  }
}

TEST(RecipeTest, MissingFileIsNamed) {
  Recipe recipe;
  const auto read = ReadRecipe("/nowhere/recipe.toml", recipe);
  ASSERT_FALSE(read);
  EXPECT_NE(read.error().message.find("/nowhere/recipe.toml"), std::string::npos);
}

TEST(RecipeTest, FlagsSetByText) {
  Recipe recipe;
  const auto fields = FieldsOf(recipe);
  EXPECT_TRUE(SetField(FieldOf(fields, "momentum"), "0.5"));
  EXPECT_TRUE(SetField(FieldOf(fields, "batch"), "32"));
  EXPECT_TRUE(SetField(FieldOf(fields, "flip"), "true"));
  EXPECT_TRUE(SetField(FieldOf(fields, "image"), "3x8x8"));
  EXPECT_EQ(recipe.train.momentum, 0.5);
  EXPECT_EQ(recipe.train.batch, 32);
  EXPECT_TRUE(recipe.data.flip);
  EXPECT_EQ(recipe.network.image, "3x8x8");
  const auto wrong = SetField(FieldOf(fields, "batch"), "32x");
  ASSERT_FALSE(wrong);
  EXPECT_EQ(wrong.error().kind, ErrorKind::kUsage);
}

TEST(RecipeTest, EveryEntryHasItsOwnName) {
  Recipe recipe;
  std::set<std::pair<std::string, std::string>> names;
  for (const RecipeField& field : FieldsOf(recipe)) {
    EXPECT_TRUE(names.insert({field.section, field.key}).second) << field.key;
    EXPECT_NE(RecipeToJson(recipe).find('"' + field.key + '"'), std::string::npos);
  }
}

TEST(RecipeTest, DifferingSettingsAreNamedWithBothValues) {
  Recipe recipe, other;
  other.train.threads = 7;
  other.data.loader_threads = 5;
  EXPECT_THAT(DifferingSettings(RecipeToJson(recipe), other), testing::IsEmpty());
  other.train.lr = 0.25;
  other.data.flip = true;
  other.network.width = "1/2";
  EXPECT_THAT(DifferingSettings(RecipeToJson(recipe), other),
              testing::ElementsAre("network.width was \"1\", is \"1/2\"",
                                   "data.flip was false, is true", "train.lr was 0.1, is 0.25"));
}

TEST(RecipeTest, EveryEntryIsCompared) {
  for (size_t i = 0; i < FieldsOf(*std::make_unique<Recipe>()).size(); ++i) {
    Recipe other;
    const RecipeField field = FieldsOf(other)[i];
    const bool is_switch = std::holds_alternative<bool*>(field.value);
    ASSERT_TRUE(
        SetField(field, is_switch ? (*std::get<bool*>(field.value) ? "false" : "true") : "77"));
    const size_t expected = field.key.ends_with("threads") ? 0 : 1;
    EXPECT_EQ(DifferingSettings(RecipeToJson({}), other).size(), expected) << field.key;
  }
}

TEST(RecipeTest, NonsenseIsRefusedByName) {
  Recipe recipe;
  EXPECT_TRUE(CheckRecipe(recipe));
  recipe.sparsify.sparsity = 90;
  const auto checked = CheckRecipe(recipe);
  ASSERT_FALSE(checked);
  EXPECT_NE(checked.error().message.find("sparsify.sparsity"), std::string::npos);
  recipe = Recipe();
  recipe.train.lr = std::nan("");
  EXPECT_FALSE(CheckRecipe(recipe));
}

}  // namespace
}  // namespace disco
