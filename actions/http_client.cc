#include "actions/http_client.h"

#include <curl/curl.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <algorithm>
#include <cerrno>

#include "base/ascii.h"
#include "base/check.h"
#include "base/strings.h"
#include "base/time_format.h"

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

// A line end in a value would be a header of its own. Values come from files (tokens), so it is the world's mistake.
Status CheckRequest(const HttpRequest& request) {
  if (!IsHttpToken(request.method)) return FailedPrecondition("the method is none");
  for (const auto& [name, value] : request.headers) {
    if (!IsHttpToken(name)) return FailedPrecondition("a header's name is none");
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
  bool cuts_body = false;
  size_t header_bytes = 0;
  bool too_long = false;
  HttpResponse response;
};

// libcurl's signature. Another count than the one given ends the transfer.
size_t OnBody(char* bytes, size_t size, size_t count, void* user) {
  auto* arriving = static_cast<Arriving*>(user);
  const size_t length = size * count;
  const size_t room = arriving->body_bytes_max - arriving->response.body.size();
  if (length > room) {
    arriving->too_long = !arriving->cuts_body;
    arriving->response.body_cut = arriving->cuts_body;
    if (arriving->cuts_body) arriving->response.body.append(bytes, room);
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

// The end of a certificate's validity; one that ends after our time does is the latest time there is.
std::optional<TimeNs> EndOf(const X509* certificate) {
  constexpr int64_t kSecondsMax = std::numeric_limits<TimeNs>::max() / kSecondNs;
  std::tm utc = {};
  if (certificate == nullptr || ASN1_TIME_to_tm(X509_get0_notAfter(certificate), &utc) != 1) return std::nullopt;
  const int64_t days = DaysFromCivil(int64_t{utc.tm_year} + 1900, int64_t{utc.tm_mon} + 1, utc.tm_mday);
  const int64_t seconds = ((days * 24 + utc.tm_hour) * 60 + utc.tm_min) * 60 + utc.tm_sec;
  return std::min(seconds, kSecondsMax) * kSecondNs;
}

// OpenSSL's signature, in the place of its own X509_verify_cert, which it calls: that one is not told of a certificate
// that is refused later, and libcurl drops it with the connection.
int OnCertificate(X509_STORE_CTX* chain, void* user) {
  static_cast<Arriving*>(user)->response.certificate_end_ns = EndOf(X509_STORE_CTX_get0_cert(chain));
  return X509_verify_cert(chain);
}

CURLcode OnTls(CURL* /*curl*/, void* context, void* user) {
  SSL_CTX_set_cert_verify_callback(static_cast<SSL_CTX*>(context), &OnCertificate, user);
  return CURLE_OK;
}

// Of a connection that could not be made, by the system's own error.
HttpFailure FailureOfConnect(long error) {
  switch (error) {
    case ECONNREFUSED: return HttpFailure::kConnectionRefused;
    case ETIMEDOUT: return HttpFailure::kTimedOut;
    case ENETUNREACH:
    case ENETDOWN:
    case EADDRNOTAVAIL:
    case EMFILE:
    case ENFILE:
    case EPERM: return HttpFailure::kNetworkUnreachable;
    default: return HttpFailure::kNotConnected;
  }
}

HttpFailure FailureOf(CURL* curl, CURLcode code) {
  switch (code) {
    case CURLE_OPERATION_TIMEDOUT: {
      curl_off_t looked_up = 0;
      curl_easy_getinfo(curl, CURLINFO_NAMELOOKUP_TIME_T, &looked_up);
      return looked_up == 0 ? HttpFailure::kNameNotResolved : HttpFailure::kTimedOut;
    }
    case CURLE_COULDNT_CONNECT: {
      long error = 0;
      curl_easy_getinfo(curl, CURLINFO_OS_ERRNO, &error);
      return FailureOfConnect(error);
    }
    case CURLE_COULDNT_RESOLVE_HOST: return HttpFailure::kNameNotResolved;
    case CURLE_COULDNT_RESOLVE_PROXY:
    case CURLE_PROXY: return HttpFailure::kProxyFailed;
    case CURLE_PEER_FAILED_VERIFICATION: return HttpFailure::kCertificateUntrusted;
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_SSL_CIPHER: return HttpFailure::kTlsFailed;
    case CURLE_SSL_CACERT_BADFILE: return HttpFailure::kCaFileUnreadable;
    case CURLE_GOT_NOTHING:
    case CURLE_PARTIAL_FILE:
    case CURLE_RECV_ERROR:
    case CURLE_SEND_ERROR:
    case CURLE_HTTP2:
    case CURLE_HTTP2_STREAM: return HttpFailure::kConnectionCut;
    case CURLE_UNSUPPORTED_PROTOCOL:  // what came is HTTP/0.9 at best
    case CURLE_WEIRD_SERVER_REPLY: return HttpFailure::kNotHttp;
    case CURLE_URL_MALFORMAT:
    case CURLE_FAILED_INIT:
    case CURLE_OUT_OF_MEMORY: return HttpFailure::kNotSent;
    default: return HttpFailure::kNoAnswer;
  }
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

void SetMore(CURL* curl, const HttpOptions& options, Arriving* arriving) {
  const auto set = [curl](CURLoption option, auto value) {
    REVERTD_CHECK(curl_easy_setopt(curl, option, value) == CURLE_OK);
  };
  if (options.cuts_long_bodies) {
    arriving->cuts_body = true;
    set(CURLOPT_MAXFILESIZE_LARGE, curl_off_t{0});  // none: libcurl would refuse what only says that it is long
  }
  if (!options.ca_file.empty()) {
    set(CURLOPT_CAINFO, options.ca_file.c_str());
    set(CURLOPT_CAPATH, static_cast<const char*>(nullptr));
  }
  if (options.reads_certificate) {
    set(CURLOPT_SSL_CTX_FUNCTION, &OnTls);
    set(CURLOPT_SSL_CTX_DATA, static_cast<void*>(arriving));
    set(CURLOPT_SSL_SESSIONID_CACHE, 0L);  // a resumed session shows no certificate
  }
  if (options.direct) set(CURLOPT_PROXY, "");
  // Otherwise libcurl waits for the system's resolver, whose own patience is many seconds.
  if (options.leaves_lookups) set(CURLOPT_QUICK_EXIT, 1L);
}

DurationNs TookNs(CURL* curl) {
  curl_off_t microseconds = 0;
  curl_easy_getinfo(curl, CURLINFO_TOTAL_TIME_T, &microseconds);
  return microseconds * kMicrosecondNs;
}

}  // namespace

struct CurlHttpClient::Handle {
  std::unique_ptr<CURL, decltype(&curl_easy_cleanup)> curl{nullptr, &curl_easy_cleanup};
};

CurlHttpClient::CurlHttpClient(HttpLimits limits, HttpOptions options)
    : limits_(limits), options_(std::move(options)), handle_(std::make_unique<Handle>()) {
  if (InitializeCurlOnce()) handle_->curl.reset(curl_easy_init());
}

CurlHttpClient::~CurlHttpClient() = default;

Status CurlHttpClient::Failed(Status status, HttpFailure failure) {
  no_answer_.failure = failure;
  return status;
}

StatusOr<HttpResponse> CurlHttpClient::Send(const HttpRequest& request) {
  no_answer_ = {};
  const StatusOr<std::string> host = ShownHost(request.url);
  if (!host.ok()) return Failed(host.status(), HttpFailure::kNotSent);
  if (Status status = CheckRequest(request); !status.ok()) return Failed(status, HttpFailure::kNotSent);
  CURL* const curl = handle_->curl.get();
  if (curl == nullptr) return Failed(Unavailable("libcurl does not start"), HttpFailure::kNotSent);

  HeaderList headers;
  AddHeaders(request, &headers);
  Arriving arriving;
  arriving.body_bytes_max = limits_.response_bytes_max;
  SetOptions(curl, request, limits_, headers, &arriving);
  SetMore(curl, options_, &arriving);
  const CURLcode code = curl_easy_perform(curl);
  arriving.response.took_ns = TookNs(curl);
  no_answer_.took_ns = arriving.response.took_ns;
  no_answer_.certificate_end_ns = arriving.response.certificate_end_ns;
  if (arriving.too_long || code == CURLE_FILESIZE_EXCEEDED) {
    return Failed(
        FailedPrecondition(*host + ": the answer is longer than " + std::to_string(limits_.response_bytes_max) +
                           " bytes, or its headers than " + std::to_string(kHeaderBytesMax)),
        HttpFailure::kAnswerTooLong);
  }
  // Not libcurl's longer words: they may repeat parts of the URL.
  if (code == CURLE_URL_MALFORMAT)
    return Failed(FailedPrecondition(*host + ": the URL is none"), FailureOf(curl, code));
  if (code != CURLE_OK && !arriving.response.body_cut) {
    return Failed(Unavailable(*host + ": " + curl_easy_strerror(code)), FailureOf(curl, code));
  }
  long status = 0;
  curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
  if (status < 100 || status > 599) {
    return Failed(Unavailable(*host + ": the answer has no status code of HTTP's"), HttpFailure::kNotHttp);
  }
  arriving.response.status = static_cast<int>(status);
  return std::move(arriving.response);
}

Status CurlHttpClient::Reach(const std::string& url) {
  no_answer_ = {};
  const StatusOr<std::string> host = ShownHost(url);
  if (!host.ok()) return Failed(host.status(), HttpFailure::kNotSent);
  CURL* const curl = handle_->curl.get();
  if (curl == nullptr) return Failed(Unavailable("libcurl does not start"), HttpFailure::kNotSent);

  HttpLimits limits = limits_;
  limits.total_timeout = limits_.connect_timeout;
  HttpRequest request;
  request.url = url;
  const HeaderList none;
  Arriving arriving;
  SetOptions(curl, request, limits, none, &arriving);
  SetMore(curl, options_, &arriving);
  // The connection does not stay: what forbids its reuse closes it.
  REVERTD_CHECK(curl_easy_setopt(curl, CURLOPT_CONNECT_ONLY, 1L) == CURLE_OK);
  const CURLcode code = curl_easy_perform(curl);
  no_answer_.took_ns = TookNs(curl);
  if (code == CURLE_OK) return OkStatus();
  return Failed(Unavailable(*host + ": " + curl_easy_strerror(code)), FailureOf(curl, code));
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
