#include "daemon/doors/json_body.h"

#include "base/strings.h"
#include "daemon/doors/told_words.h"

namespace revertd {

JsonField JsonField::operator[](std::string_view key) const {
  simdjson::dom::object object;
  simdjson::dom::element found;
  if (!element_ || element_->get_object().get(object) != simdjson::SUCCESS) return {};
  if (object.at_key(key).get(found) != simdjson::SUCCESS) return {};
  return JsonField(found);
}

bool JsonField::IsThere() const { return element_ && !element_->is_null(); }

std::string JsonField::Text() const {
  std::string_view text;
  if (!element_ || element_->get_string().get(text) != simdjson::SUCCESS) return {};
  return std::string(text);
}

bool JsonField::Truth() const {
  bool truth = false;
  return element_ && element_->get_bool().get(truth) == simdjson::SUCCESS && truth;
}

int64_t JsonField::Integer() const {
  int64_t integer = 0;
  if (!element_ || element_->get_int64().get(integer) != simdjson::SUCCESS) return 0;
  return integer;
}

TimeNs JsonField::Time() const {
  std::string_view text;
  if (element_ && element_->get_string().get(text) == simdjson::SUCCESS) return TimeIn(text);
  return TimeIn(std::to_string(Integer()));
}

std::string JsonField::Revision() const {
  std::string text = ToLower(Text());
  if (!IsFullRevision(text) || text.find_first_not_of('0') == std::string::npos) return {};
  return text;
}

std::vector<JsonField> JsonField::Items() const {
  std::vector<JsonField> items;
  simdjson::dom::array array;
  if (!element_ || element_->get_array().get(array) != simdjson::SUCCESS) return items;
  for (const simdjson::dom::element item : array) {
    if (items.size() == kBodyItemsMax) break;
    items.emplace_back(item);
  }
  return items;
}

JsonBody::JsonBody(std::string_view body) {
  if (body.size() > kBodyBytesMax) {
    status_ = InvalidArgument("the body is longer than " + std::to_string(kBodyBytesMax) + " bytes");
    return;
  }
  simdjson::dom::element root;
  if (body.empty()) {  // a parser without capacity says that it has no memory, and copies from a null pointer
    status_ = InvalidArgument("the body is not JSON: it is empty");
    return;
  }
  simdjson::error_code error = parser_.allocate(body.size(), kBodyDepthMax);
  if (error == simdjson::SUCCESS) error = parser_.parse(body.data(), body.size()).get(root);
  if (error != simdjson::SUCCESS) {
    status_ = InvalidArgument(std::string("the body is not JSON: ") + simdjson::error_message(error));
  } else if (!root.is_object()) {
    status_ = InvalidArgument("the body is no JSON object");
  } else {
    root_ = JsonField(root);
  }
}

}  // namespace revertd
