#include "actions/forge_json.h"

#include <utility>

namespace revertd {
namespace {

constexpr std::string_view kWordKeys[] = {"message", "error", "error_description", "errors"};
constexpr int kWordsDepthMax = 4;         // {"errors": [{"message": {"base": [...]}}]} is the deepest seen
constexpr size_t kWordsBytesMax = 2'000;  // gathered; the message keeps fewer

// GitLab keys its words by the field they are about, so below a key of words every text counts. GitHub's entries tell
// of code and field beside their message: there too the reader wants all of it.
void Gather(const simdjson::dom::element& element, int depth, std::string* words) {
  if (depth > kWordsDepthMax || words->size() > kWordsBytesMax) return;
  simdjson::dom::array array;
  simdjson::dom::object object;
  std::string_view text;
  if (element.get_string().get(text) == simdjson::SUCCESS) {
    if (text.empty()) return;
    if (!words->empty()) *words += "; ";
    *words += text;
  } else if (element.get_array().get(array) == simdjson::SUCCESS) {
    for (const simdjson::dom::element item : array) Gather(item, depth + 1, words);
  } else if (element.get_object().get(object) == simdjson::SUCCESS) {
    for (const simdjson::dom::key_value_pair member : object) Gather(member.value, depth + 1, words);
  }
}

}  // namespace

JsonView::JsonView(JsonAnswer* answer, std::optional<simdjson::dom::element> element, std::string path)
    : answer_(answer), element_(element), path_(std::move(path)) {}

void JsonView::Complain(std::string_view expected) const {
  if (!answer_->status_.ok()) return;
  answer_->status_ =
      Internal("the answer's " + (path_.empty() ? "whole" : path_) + ": " + std::string(expected) + " expected");
}

JsonView JsonView::operator[](std::string_view key) const {
  std::string path = path_.empty() ? std::string(key) : path_ + "." + std::string(key);
  simdjson::dom::object object;
  simdjson::dom::element found;
  if (!element_) return {answer_, std::nullopt, std::move(path)};
  if (element_->get_object().get(object) != simdjson::SUCCESS) {
    Complain("an object");
    return {answer_, std::nullopt, std::move(path)};
  }
  if (object.at_key(key).get(found) != simdjson::SUCCESS) {
    JsonView missing(answer_, std::nullopt, std::move(path));
    missing.Complain("a field");
    return missing;
  }
  return {answer_, found, std::move(path)};
}

bool JsonView::Has(std::string_view key) const {
  simdjson::dom::object object;
  simdjson::dom::element found;
  return element_ && element_->get_object().get(object) == simdjson::SUCCESS &&
         object.at_key(key).get(found) == simdjson::SUCCESS && !found.is_null();
}

bool JsonView::IsNull() const { return !element_ || element_->is_null(); }

std::string JsonView::Text() const {
  std::string_view text;
  if (element_ && element_->get_string().get(text) != simdjson::SUCCESS) Complain("a text");
  return std::string(text);
}

std::string JsonView::TextOrNull() const { return IsNull() ? std::string() : Text(); }

bool JsonView::Truth() const {
  bool truth = false;
  if (element_ && element_->get_bool().get(truth) != simdjson::SUCCESS) Complain("true or false");
  return truth;
}

bool JsonView::TruthOr(std::string_view key, bool otherwise) const {
  return Has(key) ? (*this)[key].Truth() : otherwise;
}

int64_t JsonView::Integer() const {
  int64_t integer = 0;
  if (element_ && element_->get_int64().get(integer) != simdjson::SUCCESS) Complain("an integer");
  return integer;
}

int64_t JsonView::Number() const {
  const int64_t number = Integer();
  if (element_ && number <= 0) Complain("a positive integer");
  return number;
}

std::vector<JsonView> JsonView::Items() const {
  std::vector<JsonView> items;
  simdjson::dom::array array;
  if (!element_) return items;
  if (element_->get_array().get(array) != simdjson::SUCCESS) {
    Complain("a list");
    return items;
  }
  for (const simdjson::dom::element item : array) {
    items.emplace_back(answer_, item, path_ + "[" + std::to_string(items.size()) + "]");
  }
  return items;
}

std::vector<JsonView> JsonView::ItemsOrNull() const { return IsNull() ? std::vector<JsonView>() : Items(); }

JsonAnswer::JsonAnswer(std::string_view body) {
  simdjson::dom::element root;
  const simdjson::error_code error = parser_.parse(body.data(), body.size()).get(root);
  if (error != simdjson::SUCCESS) {
    status_ = Internal(std::string("the answer is not JSON: ") + simdjson::error_message(error));
  } else {
    root_ = root;
  }
}

JsonView JsonAnswer::root() { return {this, root_, ""}; }

std::string WordsOfRefusal(std::string_view body) {
  simdjson::dom::parser parser;
  simdjson::dom::object object;
  std::string words;
  if (parser.parse(body.data(), body.size()).get_object().get(object) != simdjson::SUCCESS) return words;
  for (const std::string_view key : kWordKeys) {
    simdjson::dom::element found;
    if (object.at_key(key).get(found) == simdjson::SUCCESS) Gather(found, 0, &words);
  }
  return words;
}

}  // namespace revertd
