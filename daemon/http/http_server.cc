#include "daemon/http/http_server.h"

#include <algorithm>
#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/buffer_traits.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <cerrno>
#include <chrono>
#include <limits>
#include <string>
#include <unordered_set>
#include <utility>
#include <vector>

#include "base/check.h"
#include "base/strings.h"
#include "daemon/http/chunk_lines.h"
#include "daemon/http/http_session.h"
#include "daemon/http/http_socket.h"

namespace revertd {
namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using boost::system::error_code;
using Protocol = asio::generic::stream_protocol;

constexpr size_t kPieceBytes = 8 * 1024;  // one read
// "0", its line's end and the body's. Beast asserts that it is never shown less of it a second time, as it would be
// where an empty body comes byte by byte.
constexpr size_t kLastChunkBytes = 5;
constexpr int kFilesOfAsio = 3;  // its epoll, its timer and its wake-up

void Count(std::atomic<uint64_t>& counter) { counter.fetch_add(1, std::memory_order_relaxed); }

// Beast's own body makes room for the whole Content-Length at its first byte. This one's doubles as bytes come, so that
// what a caller only announces takes no memory; and ends at the length, where a plain string would double beyond it.
struct GrowingBody : http::string_body {
  class reader : public http::string_body::reader {
   public:
    template <bool kIsRequest, class Fields>
    reader(http::header<kIsRequest, Fields>& head, std::string& body)
        : http::string_body::reader(head, body), body_(body) {}

    void init(const boost::optional<uint64_t>& length, error_code& error) {
      if (length) length_ = *length;
      http::string_body::reader::init(boost::none, error);
    }

    template <class Buffers>
    size_t put(const Buffers& buffers, error_code& error) {
      MakeRoom(body_.size() + boost::beast::buffer_bytes(buffers));
      return http::string_body::reader::put(buffers, error);
    }

   private:
    void MakeRoom(size_t bytes) {
      if (bytes <= body_.capacity()) return;
      std::string larger;  // reserve() of the old one might take twice its capacity, whatever it is asked for
      larger.reserve(std::max<size_t>(bytes, std::min<size_t>(length_, 2 * body_.capacity())));
      larger += body_;
      body_.swap(larger);
    }

    std::string& body_;
    size_t length_ = std::numeric_limits<size_t>::max();
  };
};

class BeastParser final : public HttpParser {
 public:
  BeastParser() {
    // The session bounds both, of a head before it is shown.
    parser_.header_limit(std::numeric_limits<uint32_t>::max());
    parser_.body_limit(boost::none);
  }

  StatusOr<HttpHead> TakeHead(std::string_view text) override {
    error_code error;
    const size_t taken = parser_.put(asio::buffer(text), error);
    if (error) return InvalidArgument("not HTTP: " + error.message());
    if (!parser_.is_header_done() || taken != text.size()) return InvalidArgument("not HTTP: a line ends wrongly");
    return Head();
  }

  Step TakeBody(std::string_view bytes, size_t bytes_max, size_t* taken) override {
    if (!limit_given_) parser_.body_limit(bytes_max);  // it counts down from there
    limit_given_ = true;
    parser_.eager(true);
    *taken = 0;
    const size_t length = bytes.size();
    if (parser_.chunked()) bytes = bytes.substr(0, ChunkLines(chunk_lines_).Take(bytes));
    const Step step = Put(bytes, taken);
    if (parser_.chunked()) chunk_lines_.Take(bytes.substr(0, *taken));
    return step == Step::kMore && bytes.size() < length ? Step::kBad : step;
  }

  std::string& body() override { return parser_.get().body(); }

 private:
  Step Put(std::string_view bytes, size_t* taken) {
    if (bytes.size() < (last_chunk_begun_ ? kLastChunkBytes : 1)) return Step::kMore;
    error_code error;
    *taken = parser_.put(asio::buffer(bytes), error);
    if (error == http::error::need_more) last_chunk_begun_ = BeginsLastChunk(bytes.substr(*taken));
    if (error == http::error::body_limit) return Step::kTooLarge;
    if (error && error != http::error::need_more) return Step::kBad;
    return parser_.is_done() ? Step::kDone : Step::kMore;
  }

  HttpHead Head() const {
    const auto& message = parser_.get();
    HttpHead head;
    head.is_head = message.method() == http::verb::head;
    head.is_http_11 = message.version() == 11;
    head.keep_alive = parser_.keep_alive();
    head.is_chunked = parser_.chunked();
    if (const auto length = parser_.content_length()) head.content_length = *length;
    head.call.method = head.is_head ? "GET" : std::string(message.method_string());
    head.call.target = std::string_view(message.target());
    if (auto target = ParseTarget(head.call.target)) {
      head.call.path = std::move(target->path);
      head.call.query = std::move(target->query);
    }
    for (const auto& field : message) {
      head.call.headers.emplace_back(ToLower(std::string_view(field.name_string())), std::string(field.value()));
    }
    return head;
  }

  // Of what the parser would not take yet: a whole line is that of the last chunk, which goes with all that follows it.
  static bool BeginsLastChunk(std::string_view rest) {
    if (rest.starts_with("\r\n")) rest.remove_prefix(2);
    return rest.find('\n') != std::string_view::npos;
  }

  http::request_parser<GrowingBody> parser_;
  bool limit_given_ = false;
  ChunkLines chunk_lines_;
  bool last_chunk_begun_ = false;
};

class Connection;  // the server holds it, and so does what is under way
using Connections = std::unordered_set<std::shared_ptr<Connection>>;

// A session's socket: at most one read and one write are under way, and each keeps the connection alive.
class Connection : public std::enable_shared_from_this<Connection> {
 public:
  Connection(HttpHouse* house, Connections* all, Protocol::socket socket)
      : house_(house), all_(all), session_(house), socket_(std::move(socket)) {}

  HttpSession& session() { return session_; }

  void Enter() {
    all_->insert(shared_from_this());
    CountAll();
    Serve();
  }

  // Does what the session wants now; called after whatever the session was told.
  void Serve() {
    if (!socket_.is_open()) return;
    if (session_.is_over()) return Leave();
    if (session_.has_output()) Write();
    if (session_.sends_no_more() && !std::exchange(is_shut_, true)) {
      error_code ignored;
      socket_.shutdown(Protocol::socket::shutdown_send, ignored);
    }
    if (!reading_ && session_.wants_bytes()) Read();
  }

 private:
  void Leave() {
    error_code ignored;
    socket_.close(ignored);
    all_->erase(shared_from_this());
    CountAll();
  }

  void CountAll() { house_->counters.connections_now.store(all_->size(), std::memory_order_relaxed); }

  void Read() {
    reading_ = true;
    socket_.async_read_some(asio::buffer(piece_), [self = shared_from_this()](error_code error, size_t bytes) {
      self->reading_ = false;
      if (!error) {
        self->session_.OnBytes({self->piece_.data(), bytes});
      } else if (error == asio::error::eof) {
        self->session_.OnEnd();
      } else {
        self->session_.End();
      }
      self->Serve();
    });
  }

  void Write() {
    output_ = session_.TakeOutput();
    const std::array buffers = {asio::buffer(std::as_const(output_.head)), asio::buffer(std::as_const(output_.body))};
    asio::async_write(socket_, buffers, [self = shared_from_this()](error_code error, size_t /*bytes*/) {
      self->output_ = {};
      if (error) {
        self->session_.End();
      } else {
        self->session_.OnTaken();
      }
      self->Serve();
    });
  }

  HttpHouse* const house_;
  Connections* const all_;
  HttpSession session_;
  Protocol::socket socket_;
  HttpSession::Output output_;  // while it is written
  std::array<char, kPieceBytes> piece_;
  bool reading_ = false;
  bool is_shut_ = false;
};

}  // namespace

struct HttpServer::Impl {
  Impl(ListeningSocket socket, HttpHandler* handler, Clock* clock, HttpServerLimits limits)
      : house(handler, clock, &NewBeastParser, limits), listener(std::move(socket)) {}
  ~Impl() {
    EndAll();
    accepting.release();  // the listener closes it
  }

  void AwaitCaller();
  void TakeCaller();
  void Open(int caller);
  bool MakeRoom();
  void BeginTicks();
  void Tick();
  void EndAll();

  HttpHouse house;
  ListeningSocket listener;
  Connections connections;
  // One ticker serves all deadlines, waits and streams: setting a deadline costs nothing, and none can fire late into
  // another state. It rests while nobody is connected.
  bool ticks = false;
  bool accept_paused = false;
  asio::io_context io{1};  // one thread runs it; ended before what its last handlers hold
  asio::posix::stream_descriptor accepting{io};
  asio::steady_timer ticker{io};
};

void HttpServer::Impl::AwaitCaller() {
  accepting.async_wait(asio::posix::stream_descriptor::wait_read, [this](error_code error) {
    if (!error) TakeCaller();
  });
}

// One caller a turn: those that have sent their request are read before the next callers can push them out.
void HttpServer::Impl::TakeCaller() {
  const int caller = listener.Accept(static_cast<unsigned>(house.limits.write_timeout / kMillisecondNs));
  if (caller >= 0) {
    Count(house.counters.connections);
    if (MakeRoom()) {
      Open(caller);
    } else {
      Count(house.counters.connections_refused);
      HttpReply reply = HttpError(503, "too_many_connections", "every connection is busy");
      reply.headers.emplace_back("Retry-After", "1");
      TurnAway(caller, ReplyHeadText(reply, HttpFraming::kLength, false) + reply.body);
    }
  } else if (caller != -EAGAIN && caller != -EINTR && caller != -ECONNABORTED) {
    // No file for it, most likely: the caller stays in the kernel's queue, and to ask at once would only spin.
    Count(house.counters.accept_errors);
    accept_paused = true;
    return BeginTicks();
  }
  AwaitCaller();
}

bool HttpServer::Impl::MakeRoom() {
  if (connections.size() < house.limits.connections_max) return true;
  std::shared_ptr<Connection> longest;
  for (const auto& connection : connections) {
    const HttpSession& session = connection->session();
    if (!session.can_be_evicted()) continue;
    if (!longest || session.eviction_order() < longest->session().eviction_order()) longest = connection;
  }
  if (!longest) return false;
  Count(house.counters.connections_evicted);
  longest->session().End();
  longest->Serve();
  return true;
}

void HttpServer::Impl::Open(int caller) {
  BeginTicks();
  Protocol::socket socket(io);
  error_code error;
  socket.assign(Protocol(listener.family(), 0), caller, error);
  if (error) {
    Count(house.counters.accept_errors);
    TurnAway(caller, "");
    return;
  }
  std::make_shared<Connection>(&house, &connections, std::move(socket))->Enter();
}

void HttpServer::Impl::BeginTicks() {
  if (std::exchange(ticks, true)) return;
  const std::chrono::nanoseconds period(house.limits.poll_every);
  ticker.expires_after(period);
  // The timer tells what time it is: our own code reads no clock.
  house.now_ns = std::chrono::nanoseconds(ticker.expiry().time_since_epoch() - period).count();
  ticker.async_wait([this](error_code error) {
    if (!error) Tick();
  });
}

void HttpServer::Impl::Tick() {
  ticks = false;
  if (std::exchange(accept_paused, false)) AwaitCaller();
  if (connections.empty()) return;
  BeginTicks();
  // A copy: who ends leaves.
  for (const auto& connection : std::vector(connections.begin(), connections.end())) {
    connection->session().OnTick();
    connection->Serve();
  }
}

void HttpServer::Impl::EndAll() {
  for (const auto& connection : std::vector(connections.begin(), connections.end())) {
    connection->session().End();
    connection->Serve();
  }
}

HttpServer::HttpServer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
HttpServer::~HttpServer() = default;

StatusOr<std::unique_ptr<HttpServer>> HttpServer::Listen(const ListenAddress& address, unsigned socket_mode,
                                                         HttpHandler* handler, Clock* clock, HttpServerLimits limits) {
  auto socket = ListeningSocket::Open(address, socket_mode);
  if (!socket.ok()) return socket.status();
  // Asio's own objects answer no error where they are made, they would throw.
  if (!HasRoomForFiles(socket->fd(), kFilesOfAsio)) {
    return Unavailable("listening on " + ToText(address) + ": too many open files");
  }
  auto impl = std::make_unique<Impl>(std::move(*socket), handler, clock, limits);
  error_code error;
  impl->accepting.assign(impl->listener.fd(), error);
  if (error) return Unavailable("listening on " + ToText(address) + ": " + error.message());
  impl->AwaitCaller();
  return std::unique_ptr<HttpServer>(new HttpServer(std::move(impl)));
}

void HttpServer::Run() {
  impl_->io.run();
  impl_->EndAll();
}

void HttpServer::Stop() { impl_->io.stop(); }
uint16_t HttpServer::port() const { return impl_->listener.port(); }
const HttpCounters& HttpServer::counters() const { return impl_->house.counters; }

std::unique_ptr<HttpParser> NewBeastParser() { return std::make_unique<BeastParser>(); }

}  // namespace revertd
