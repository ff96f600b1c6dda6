#include "actions/http_client.h"

#include <curl/curl.h>

#include <algorithm>

#include "base/check.h"
#include "base/strings.h"

namespace revertd {
namespace {

// Of one answer's headers together; real forges send 2 to 6 KiB.
constexpr size_t kHeaderBytesMax = size_t{64} * 1024;

// libcurl's own initialisation is not safe to run twice at once, and ours is a program of several threads. It is never
// undone: another thread may still be in a request when the first object goes.
bool InitializeCurlOnce() {
  static const bool initialized = curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK;
  return initialized;
}

// A URL's path, query and user-info may hold a secret (a channel's webhook is one): words name the scheme and host
// only.
StatusOr<std::string> ShownHost(const std::string& url) {
  const std::unique_ptr<CURLU, decltype(&curl_url_cleanup)> parts(curl_url(), &curl_url_cleanup);
  REVERTD_CHECK(parts != nullptr);
  const bool is_printable = std::all_of(url.begin(), url.end(), [](char c) { return c > ' ' && c < '\x7f'; });
  if (!is_printable || curl_url_set(parts.get(), CURLUPART_URL, url.c_str(), 0) != CURLUE_OK) {
    return FailedPrecondition("the URL is none");
  }
  std::string shown;
  for (const auto& [part, end] : {std::pair(CURLUPART_SCHEME, "://"), std::pair(CURLUPART_HOST, "")}) {
    char* text = nullptr;
    if (curl_url_get(parts.get(), part, &text, 0) != CURLUE_OK) return FailedPrecondition("the URL is none");
    shown += text;
    shown += end;
    curl_free(text);
  }
  if (!shown.starts_with("http://") && !shown.starts_with("https://")) {
    return FailedPrecondition("a URL that is neither http nor https");
  }
  return shown;
}

bool IsToken(std::string_view text) {
  constexpr std::string_view kMarks = "!#$%&'*+-.^_`|~";
  const auto fits = [&](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           kMarks.find(c) != std::string_view::npos;
  };
  return !text.empty() && std::all_of(text.begin(), text.end(), fits);
}

// A line end in a value would be a header of its own. Values come from files (tokens), so it is the world's mistake.
Status CheckRequest(const HttpRequest& request) {
  if (!IsToken(request.method)) return FailedPrecondition("the method is none");
  for (const auto& [name, value] : request.headers) {
    if (!IsToken(name)) return FailedPrecondition("a header's name is none");
    const bool fits = std::all_of(value.begin(), value.end(),
                                  [](char c) { return static_cast<unsigned char>(c) >= ' ' && c != '\x7f'; });
    if (!fits) return FailedPrecondition("the value of header " + name + " has a control character in it");
  }
  return OkStatus();
}

class HeaderList {
 public:
  HeaderList() = default;
  ~HeaderList() { curl_slist_free_all(list_); }
  HeaderList(const HeaderList&) = delete;
  HeaderList& operator=(const HeaderList&) = delete;

  void Add(const std::string& line) {
    curl_slist* longer = curl_slist_append(list_, line.c_str());
    REVERTD_CHECK(longer != nullptr);
    list_ = longer;
  }
  curl_slist* list() const { return list_; }

 private:
  curl_slist* list_ = nullptr;
};

void AddHeaders(const HttpRequest& request, HeaderList* list) {
  bool says_type = false;
  for (const auto& [name, value] : request.headers) {
    says_type = says_type || ToLower(name) == "content-type";
    list->Add(value.empty() ? name + ";" : name + ": " + value);  // "Name:" would take a header of libcurl's away
  }
  if (!says_type) list->Add("Content-Type:");  // libcurl's own guess is a form
  list->Add("Expect:");                        // a body of ours is small: not worth a round trip
}

// What libcurl hands over as it arrives.
struct Arriving {
  size_t body_bytes_max = 0;
  size_t header_bytes = 0;
  bool too_long = false;
  HttpResponse response;
};

// libcurl's signature. Another count than the one given ends the transfer.
size_t OnBody(char* bytes, size_t size, size_t count, void* user) {
  auto* arriving = static_cast<Arriving*>(user);
  const size_t length = size * count;
  if (length > arriving->body_bytes_max - arriving->response.body.size()) {
    arriving->too_long = true;
    return 0;
  }
  arriving->response.body.append(bytes, length);
  return length;
}

size_t OnHeader(char* bytes, size_t size, size_t count, void* user) {
  auto* arriving = static_cast<Arriving*>(user);
  const size_t length = size * count;
  arriving->header_bytes += length;
  if (arriving->header_bytes > kHeaderBytesMax) {
    arriving->too_long = true;
    return 0;
  }
  const std::string_view line(bytes, length);
  auto& headers = arriving->response.headers;
  const size_t colon = line.find(':');
  if (line.starts_with("HTTP/")) {
    headers.clear();  // those before were of an interim answer (100 to 199)
  } else if ((line.starts_with(' ') || line.starts_with('\t')) && !headers.empty()) {
    headers.back().second += " " + std::string(Trim(line));  // an old server's folded line
  } else if (colon != std::string_view::npos) {
    headers.emplace_back(ToLower(Trim(line.substr(0, colon))), Trim(line.substr(colon + 1)));
  }
  return length;
}

long Milliseconds(DurationNs duration) {
  return std::max<long>(1, static_cast<long>(duration / kMillisecondNs));  // 0 would be no limit at all
}

void SetOptions(CURL* curl, const HttpRequest& request, const HttpLimits& limits, const HeaderList& headers,
                Arriving* arriving) {
  curl_easy_reset(curl);
  const auto set = [curl](CURLoption option, auto value) {
    REVERTD_CHECK(curl_easy_setopt(curl, option, value) == CURLE_OK);
  };
  set(CURLOPT_URL, request.url.c_str());
  set(CURLOPT_PROTOCOLS_STR, "http,https");
  set(CURLOPT_FOLLOWLOCATION, 0L);
  set(CURLOPT_SSL_VERIFYPEER, 1L);
  set(CURLOPT_SSL_VERIFYHOST, 2L);
  set(CURLOPT_NOSIGNAL, 1L);
  set(CURLOPT_CONNECTTIMEOUT_MS, Milliseconds(limits.connect_timeout));
  set(CURLOPT_TIMEOUT_MS, Milliseconds(limits.total_timeout));
  set(CURLOPT_MAXFILESIZE_LARGE, static_cast<curl_off_t>(limits.response_bytes_max));
  set(CURLOPT_USERAGENT, "revertd/" REVERTD_VERSION);
  // On a kept connection that died libcurl would send the request once more by itself: a second comment.
  set(CURLOPT_FRESH_CONNECT, 1L);
  set(CURLOPT_FORBID_REUSE, 1L);
  // What is meant for the forge is not told to a proxy on the way.
  set(CURLOPT_HEADEROPT, static_cast<long>(CURLHEADER_SEPARATE));
  set(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
  if (request.method == "HEAD") {
    set(CURLOPT_NOBODY, 1L);
  } else if (request.method == "GET" && request.body.empty()) {
    set(CURLOPT_HTTPGET, 1L);
  } else {
    set(CURLOPT_POSTFIELDS, request.body.c_str());
    set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request.body.size()));
    set(CURLOPT_CUSTOMREQUEST, request.method.c_str());
  }
  set(CURLOPT_HTTPHEADER, headers.list());
  set(CURLOPT_WRITEFUNCTION, &OnBody);
  set(CURLOPT_WRITEDATA, static_cast<void*>(arriving));
  set(CURLOPT_HEADERFUNCTION, &OnHeader);
  set(CURLOPT_HEADERDATA, static_cast<void*>(arriving));
}

}  // namespace

struct CurlHttpClient::Handle {
  std::unique_ptr<CURL, decltype(&curl_easy_cleanup)> curl{nullptr, &curl_easy_cleanup};
};

CurlHttpClient::CurlHttpClient(HttpLimits limits) : limits_(limits), handle_(std::make_unique<Handle>()) {
  if (InitializeCurlOnce()) handle_->curl.reset(curl_easy_init());
}

CurlHttpClient::~CurlHttpClient() = default;

StatusOr<HttpResponse> CurlHttpClient::Send(const HttpRequest& request) {
  const StatusOr<std::string> host = ShownHost(request.url);
  if (!host.ok()) return host.status();
  REVERTD_RETURN_IF_ERROR(CheckRequest(request));
  CURL* const curl = handle_->curl.get();
  if (curl == nullptr) return Unavailable("libcurl does not start");

  HeaderList headers;
  AddHeaders(request, &headers);
  Arriving arriving;
  arriving.body_bytes_max = limits_.response_bytes_max;
  SetOptions(curl, request, limits_, headers, &arriving);
  const CURLcode code = curl_easy_perform(curl);
  if (arriving.too_long || code == CURLE_FILESIZE_EXCEEDED) {
    return FailedPrecondition(*host + ": the answer is longer than " + std::to_string(limits_.response_bytes_max) +
                              " bytes, or its headers than " + std::to_string(kHeaderBytesMax));
  }
  // Not libcurl's longer words: they may repeat parts of the URL.
  if (code == CURLE_URL_MALFORMAT) return FailedPrecondition(*host + ": the URL is none");
  if (code != CURLE_OK) return Unavailable(*host + ": " + curl_easy_strerror(code));
  long status = 0;
  curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
  if (status < 100 || status > 599) return Unavailable(*host + ": the answer has no status code of HTTP's");
  arriving.response.status = static_cast<int>(status);
  return std::move(arriving.response);
}

std::string_view HttpResponse::Header(std::string_view name) const {
  const auto found =
      std::find_if(headers.begin(), headers.end(), [&](const auto& header) { return header.first == name; });
  return found == headers.end() ? std::string_view() : std::string_view(found->second);
}

std::string UrlEncode(std::string_view text) {
  static constexpr char kHex[] = "0123456789ABCDEF";
  std::string encoded;
  for (const char c : text) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
                       c == '.' || c == '_' || c == '~';
    if (plain) {
      encoded += c;
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    encoded += '%';
    encoded += kHex[byte >> 4];
    encoded += kHex[byte & 15];
  }
  return encoded;
}

}  // namespace revertd
