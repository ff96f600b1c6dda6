// PrometheusText: builds metrics in the text format that Prometheus scrapes (exposition format 0.0.4). One thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace revertd {

class PrometheusText {
 public:
  using Labels = std::vector<std::pair<std::string_view, std::string_view>>;

  // Everything until the next family is of this one. `type`: "counter", "gauge" or "histogram".
  void Family(std::string_view name, std::string_view type, std::string_view help);
  // `suffix`: of the family's name, as histograms have them.
  void Sample(const Labels& labels, uint64_t value, std::string_view suffix = "") {
    Append(labels, std::to_string(value), suffix);
  }
  void Sample(const Labels& labels, double value, std::string_view suffix = "");

  std::string Take() { return std::move(text_); }

 private:
  void Append(const Labels& labels, std::string_view value, std::string_view suffix);

  std::string family_;
  std::string text_;
};

}  // namespace revertd
