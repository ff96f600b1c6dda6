#include "actions/health_prometheus.h"

#include <gtest/gtest.h>

#include <limits>
#include <string>

namespace revertd {
namespace {

std::string Vector(const std::string& samples) {
  return R"({"status":"success","data":{"resultType":"vector","result":[)" + samples + "]}}";
}
std::string Sample(const std::string& number) {
  return R"({"metric":{"job":"shop"},"value":[1795230000.781,")" + number + "\"]}";
}
PrometheusReading Read(const std::string& body, int status = 200) { return ReadPrometheus({status, {}, body}); }

TEST(ReadPrometheus, OneSampleIsItsNumber) {
  EXPECT_EQ(Read(Vector(Sample("0.25"))).number, 0.25);
  EXPECT_EQ(Read(Vector(Sample("1e-05"))).number, 1e-5);
  EXPECT_EQ(Read(Vector(Sample("-3"))).number, -3);
  EXPECT_EQ(Read(Vector(Sample("+Inf"))).number, std::numeric_limits<double>::infinity());
  EXPECT_EQ(Read(Vector(Sample("-Inf"))).number, -std::numeric_limits<double>::infinity());
}

TEST(ReadPrometheus, SoIsAScalar) {
  const auto reading = Read(R"({"status":"success","data":{"resultType":"scalar","result":[1795230000,"7"]}})");
  EXPECT_EQ(reading.number, 7);
  EXPECT_EQ(reading.problem, "");
}

TEST(ReadPrometheus, AllElseIsAProblemWithAName) {
  const std::string matrix = R"({"status":"success","data":{"resultType":"matrix","result":[]}})";
  const std::string text = R"({"status":"success","data":{"resultType":"string","result":[1,"x"]}})";
  const std::string error = R"({"status":"error","errorType":"bad_data","error":"parse error"})";
  EXPECT_EQ(Read(Vector("")).problem, "prometheus_no_sample");
  EXPECT_EQ(Read(Vector(Sample("1") + "," + Sample("2"))).problem, "prometheus_several_samples");
  EXPECT_EQ(Read(Vector(Sample("NaN"))).problem, "prometheus_nan");
  EXPECT_EQ(Read(Vector(Sample("many"))).problem, "prometheus_not_a_number");
  EXPECT_EQ(Read(Vector(R"({"metric":{}})")).problem, "prometheus_not_a_number");
  EXPECT_EQ(Read(Vector("5")).problem, "prometheus_not_a_number");
  EXPECT_EQ(Read(matrix).problem, "prometheus_not_a_number");
  EXPECT_EQ(Read(text).problem, "prometheus_not_a_number");
  EXPECT_EQ(Read(error, 400).problem, "prometheus_error");
  EXPECT_EQ(Read(error, 400).detail, "bad_data: parse error");
  EXPECT_EQ(Read(error, 200).problem, "prometheus_error");
  EXPECT_EQ(Read(Vector(Sample("1")), 503).problem, "prometheus_status_503");
  EXPECT_EQ(Read("<html>", 502).problem, "prometheus_status_502");
  EXPECT_EQ(Read("", 302).problem, "prometheus_status_302");
  EXPECT_EQ(Read("").problem, "prometheus_not_json");
  EXPECT_EQ(Read("<html>").problem, "prometheus_not_json");
  EXPECT_EQ(Read("{}").problem, "prometheus_not_understood");
  EXPECT_EQ(Read("[]").problem, "prometheus_not_understood");
  EXPECT_EQ(Read(R"({"status":"success","data":{"resultType":"vector","result":{}}})").problem,
            "prometheus_not_understood");
  HttpResponse cut = {200, {}, "{"};
  cut.body_cut = true;
  EXPECT_EQ(ReadPrometheus(cut).problem, "prometheus_answer_too_long");
}

}  // namespace
}  // namespace revertd
