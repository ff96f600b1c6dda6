#include "tests/actions/fake_tls_server.h"

#include <fcntl.h>
#include <openssl/bio.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <string_view>

#include "base/check.h"

namespace revertd {
namespace {

template <typename T, void (*kFree)(T*)>
struct Freed {
  void operator()(T* pointer) const { kFree(pointer); }
};
using Key = std::unique_ptr<EVP_PKEY, Freed<EVP_PKEY, &EVP_PKEY_free>>;
using Certificate = std::unique_ptr<X509, Freed<X509, &X509_free>>;
using Extension = std::unique_ptr<X509_EXTENSION, Freed<X509_EXTENSION, &X509_EXTENSION_free>>;
using Bio = std::unique_ptr<BIO, Freed<BIO, &BIO_free_all>>;
using Context = std::unique_ptr<SSL_CTX, Freed<SSL_CTX, &SSL_CTX_free>>;
using Session = std::unique_ptr<SSL, Freed<SSL, &SSL_free>>;

Certificate SelfSigned(EVP_PKEY* key, TimeNs end) {
  Certificate certificate(X509_new());
  REVERTD_CHECK(X509_set_version(certificate.get(), 2) == 1);  // counted from 0
  REVERTD_CHECK(ASN1_INTEGER_set(X509_get_serialNumber(certificate.get()), 1) == 1);
  REVERTD_CHECK(ASN1_TIME_set(X509_getm_notBefore(certificate.get()), 0) != nullptr);
  REVERTD_CHECK(ASN1_TIME_set(X509_getm_notAfter(certificate.get()), end / kSecondNs) != nullptr);
  REVERTD_CHECK(X509_set_pubkey(certificate.get(), key) == 1);
  X509_NAME* const name = X509_get_subject_name(certificate.get());
  constexpr std::string_view kName = "revertd test";
  REVERTD_CHECK(X509_NAME_add_entry_by_NID(name, NID_commonName, MBSTRING_ASC,
                                           reinterpret_cast<const unsigned char*>(kName.data()),
                                           static_cast<int>(kName.size()), -1, 0) == 1);
  REVERTD_CHECK(X509_set_issuer_name(certificate.get(), name) == 1);
  const Extension address(X509V3_EXT_conf_nid(nullptr, nullptr, NID_subject_alt_name, "IP:127.0.0.1"));
  REVERTD_CHECK(address != nullptr && X509_add_ext(certificate.get(), address.get(), -1) == 1);
  REVERTD_CHECK(X509_sign(certificate.get(), key, EVP_sha256()) > 0);
  return certificate;
}

}  // namespace

struct FakeTlsServer::Tls {
  Context context;
};

FakeTlsServer::FakeTlsServer(TimeNs certificate_end) : tls_(std::make_unique<Tls>()) {
  const Key key(EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-256"));
  REVERTD_CHECK(key != nullptr);
  const Certificate certificate = SelfSigned(key.get(), certificate_end);
  ca_file_ = folder_.Path("ca.pem");
  const Bio file(BIO_new_file(ca_file_.c_str(), "w"));
  REVERTD_CHECK(file != nullptr && PEM_write_bio_X509(file.get(), certificate.get()) == 1);
  tls_->context.reset(SSL_CTX_new(TLS_server_method()));
  REVERTD_CHECK(SSL_CTX_use_certificate(tls_->context.get(), certificate.get()) == 1);
  REVERTD_CHECK(SSL_CTX_use_PrivateKey(tls_->context.get(), key.get()) == 1);
  REVERTD_CHECK(pipe2(stop_, O_CLOEXEC) == 0);
  thread_ = std::thread([this] { Serve(); });
}

FakeTlsServer::~FakeTlsServer() {
  close(stop_[1]);
  thread_.join();
  close(stop_[0]);
}

void FakeTlsServer::Serve() {
  // OpenSSL writes to a client that is gone as to any other.
  sigset_t pipe_signal;
  sigemptyset(&pipe_signal);
  sigaddset(&pipe_signal, SIGPIPE);
  pthread_sigmask(SIG_BLOCK, &pipe_signal, nullptr);
  while (true) {
    pollfd wanted[2] = {{socket_.descriptor(), POLLIN, 0}, {stop_[0], POLLIN, 0}};
    if (poll(wanted, 2, -1) < 0) continue;
    if (wanted[1].revents != 0) return;
    const int connection = accept4(socket_.descriptor(), nullptr, nullptr, SOCK_CLOEXEC);
    if (connection < 0) continue;
    Handle(connection);
    close(connection);
  }
}

void FakeTlsServer::Handle(int connection) {
  constexpr std::string_view kAnswer = "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok";
  const timeval patience = {5, 0};  // a client that says nothing hangs its test, not the program
  setsockopt(connection, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
  const Session session(SSL_new(tls_->context.get()));
  SSL_set_fd(session.get(), connection);
  if (SSL_accept(session.get()) != 1) return;
  std::string request;
  char buffer[4096];
  while (request.find("\r\n\r\n") == std::string::npos) {
    const int got = SSL_read(session.get(), buffer, sizeof(buffer));
    if (got <= 0) return;
    request.append(buffer, static_cast<size_t>(got));
  }
  SSL_write(session.get(), kAnswer.data(), static_cast<int>(kAnswer.size()));
  SSL_shutdown(session.get());
}

}  // namespace revertd
