#include "ingest/sentry/content_coding.h"

#include <brotli/decode.h>
#define ZLIB_CONST  // or it takes input only as if it wrote there
#include <zlib.h>
#include <zstd.h>

#include <algorithm>
#include <cstdint>
#include <limits>
#include <memory>
#include <vector>

#include "base/strings.h"

namespace revertd {
namespace {

constexpr size_t kFirstRoom = 16 * 1024;

Status Broken(std::string_view coding, size_t at) {
  return InvalidArgument("a body in " + std::string(coding) + ": broken at byte " + std::to_string(at));
}
Status TooLarge(std::string_view coding, size_t bytes_max) {
  return FailedPrecondition("a body in " + std::string(coding) + ": more than " + std::to_string(bytes_max) +
                            " bytes decoded");
}

// Room for what is decoded: grows by doubling, never past one byte more than `max`, which says that it was too much.
class Room {
 public:
  Room(size_t input_bytes, size_t max) : max_(max) { Resize(std::max(kFirstRoom, 4 * input_bytes)); }

  char* free() { return bytes_.data() + used_; }
  size_t free_bytes() const { return bytes_.size() - used_; }
  void Use(size_t count) { used_ += count; }
  bool overflown() const { return used_ > max_; }
  void Grow() {
    if (free_bytes() == 0) Resize(2 * bytes_.size());
  }
  std::string Take() {
    bytes_.resize(used_);
    return std::move(bytes_);
  }

 private:
  void Resize(size_t size) { bytes_.resize(std::min(size, max_ + 1)); }

  size_t max_;
  std::string bytes_;
  size_t used_ = 0;
};

// zlib's window bits: with its own header, with gzip's, or raw.
constexpr int kZlibBits = 15;
constexpr int kGzipBits = 15 + 16;
constexpr int kRawBits = -15;

StatusOr<std::string> Inflate(std::string_view coding, const std::string& body, size_t bytes_max, int window_bits) {
  if (body.size() > std::numeric_limits<uInt>::max()) return TooLarge(coding, bytes_max);
  z_stream stream = {};
  if (inflateInit2(&stream, window_bits) != Z_OK) return Unavailable("no memory to decode a body");
  const std::unique_ptr<z_stream, int (*)(z_stream*)> end(&stream, inflateEnd);
  Room room(body.size(), bytes_max);
  stream.next_in = reinterpret_cast<const Bytef*>(body.data());
  stream.avail_in = static_cast<uInt>(body.size());
  while (true) {
    room.Grow();
    const auto free = static_cast<uInt>(std::min<size_t>(room.free_bytes(), std::numeric_limits<uInt>::max()));
    stream.next_out = reinterpret_cast<Bytef*>(room.free());
    stream.avail_out = free;
    const int answer = inflate(&stream, Z_NO_FLUSH);
    room.Use(free - stream.avail_out);
    if (room.overflown()) return TooLarge(coding, bytes_max);
    const size_t at = body.size() - stream.avail_in;
    if (answer == Z_STREAM_END) {
      if (stream.avail_in == 0) return room.Take();
      // gzip's members may follow one another; anything else behind the end is not of the coding.
      if (window_bits != kGzipBits || inflateReset(&stream) != Z_OK) return Broken(coding, at);
      continue;
    }
    if (answer != Z_OK && answer != Z_BUF_ERROR) return Broken(coding, at);
    if (stream.avail_in == 0 && stream.avail_out > 0) return Broken(coding, at);  // cut off
  }
}

// "deflate" is zlib's format, but some send it without the header, as the name says.
StatusOr<std::string> InflateAny(const std::string& body, size_t bytes_max) {
  const bool header = body.size() >= 2 && (body[0] & 0x0F) == 8 &&
                      (static_cast<uint8_t>(body[0]) * 256 + static_cast<uint8_t>(body[1])) % 31 == 0;
  StatusOr<std::string> decoded = Inflate("deflate", body, bytes_max, header ? kZlibBits : kRawBits);
  if (decoded.ok() || !header || decoded.status().code() != absl::StatusCode::kInvalidArgument) return decoded;
  StatusOr<std::string> raw = Inflate("deflate", body, bytes_max, kRawBits);
  return raw.ok() ? std::move(raw) : std::move(decoded);
}

StatusOr<std::string> UnBrotli(const std::string& body, size_t bytes_max) {
  const std::unique_ptr<BrotliDecoderState, void (*)(BrotliDecoderState*)> decoder(
      BrotliDecoderCreateInstance(nullptr, nullptr, nullptr), BrotliDecoderDestroyInstance);
  if (decoder == nullptr) return Unavailable("no memory to decode a body");
  Room room(body.size(), bytes_max);
  size_t in_bytes = body.size();
  const auto* in = reinterpret_cast<const uint8_t*>(body.data());
  while (true) {
    room.Grow();
    const size_t free = room.free_bytes();
    size_t out_bytes = free;
    auto* out = reinterpret_cast<uint8_t*>(room.free());
    const auto answer = BrotliDecoderDecompressStream(decoder.get(), &in_bytes, &in, &out_bytes, &out, nullptr);
    room.Use(free - out_bytes);
    if (room.overflown()) return TooLarge("br", bytes_max);
    if (answer == BROTLI_DECODER_RESULT_SUCCESS && in_bytes == 0) return room.Take();
    if (answer != BROTLI_DECODER_RESULT_NEEDS_MORE_OUTPUT) return Broken("br", body.size() - in_bytes);
  }
}

StatusOr<std::string> UnZstd(const std::string& body, size_t bytes_max) {
  const std::unique_ptr<ZSTD_DCtx, size_t (*)(ZSTD_DCtx*)> decoder(ZSTD_createDCtx(), ZSTD_freeDCtx);
  if (decoder == nullptr) return Unavailable("no memory to decode a body");
  // A frame may ask for a window of gigabytes; that of bodies within the bound needs none larger than 8 MiB.
  ZSTD_DCtx_setParameter(decoder.get(), ZSTD_d_windowLogMax, 23);
  Room room(body.size(), bytes_max);
  ZSTD_inBuffer in = {body.data(), body.size(), 0};
  size_t last = 1;  // of the frame that is being read: 0 at its end
  while (in.pos < in.size || last != 0) {
    room.Grow();
    ZSTD_outBuffer out = {room.free(), room.free_bytes(), 0};
    const size_t before = in.pos;
    last = ZSTD_decompressStream(decoder.get(), &out, &in);
    room.Use(out.pos);
    if (room.overflown()) return TooLarge("zstd", bytes_max);
    const bool stuck = in.pos == before && out.pos == 0;
    if (ZSTD_isError(last) != 0 || (stuck && last != 0)) return Broken("zstd", in.pos);
  }
  return room.Take();
}

StatusOr<std::string> DecodeOne(std::string_view coding, std::string body, size_t bytes_max) {
  if (coding == "identity") return body;
  if (coding == "gzip" || coding == "x-gzip") return Inflate("gzip", body, bytes_max, kGzipBits);
  if (coding == "deflate") return InflateAny(body, bytes_max);
  if (coding == "br") return UnBrotli(body, bytes_max);
  if (coding == "zstd") return UnZstd(body, bytes_max);
  return InvalidArgument("Content-Encoding: " + Printable(coding.substr(0, 40)) + " is not known");
}

}  // namespace

StatusOr<std::string> DecodeBody(std::string_view content_encoding, std::string body, size_t bytes_max) {
  std::vector<std::string> codings;
  for (const std::string_view part : Split(content_encoding, ',')) {
    if (std::string coding = ToLower(Trim(part)); !coding.empty()) codings.push_back(std::move(coding));
    if (codings.size() > kContentCodingsMax) return InvalidArgument("Content-Encoding: a list that is too long");
  }
  // They are named in the order in which they were applied.
  for (auto coding = codings.rbegin(); coding != codings.rend(); ++coding) {
    StatusOr<std::string> decoded = DecodeOne(*coding, std::move(body), bytes_max);
    if (!decoded.ok()) return decoded.status();
    body = *std::move(decoded);
  }
  if (body.size() > bytes_max) return TooLarge("identity", bytes_max);
  return body;
}

}  // namespace revertd
