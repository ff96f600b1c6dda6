#include "actions/forge.h"

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <iterator>

#include "actions/forge_gitea.h"
#include "actions/forge_github.h"
#include "actions/forge_gitlab.h"
#include "base/check.h"

namespace revertd {
namespace {

constexpr size_t kSecretBytesMax = size_t{16} * 1024;  // a PEM key with its chain; more is the wrong file

StatusOr<std::string> ReadSecretFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::string text(kSecretBytesMax + 1, '\0');
  if (!file.is_open() || (!file.read(text.data(), static_cast<std::streamsize>(text.size())) && !file.eof())) {
    return FailedPrecondition("cannot read the secret in " + path);
  }
  text.resize(static_cast<size_t>(file.gcount()));
  if (text.size() > kSecretBytesMax) {
    return FailedPrecondition("the secret in " + path + " is longer than " + std::to_string(kSecretBytesMax) +
                              " bytes");
  }
  return text;
}

}  // namespace

StatusOr<std::string> ReadSecret(const SecretConfig& secret) {
  std::string text;
  if (!secret.file.empty()) {
    StatusOr<std::string> read = ReadSecretFile(secret.file);
    if (!read.ok()) return read;
    text = *std::move(read);
  } else {
    const char* value = secret.env.empty() ? nullptr : std::getenv(secret.env.c_str());
    if (value == nullptr) return FailedPrecondition("the secret's variable " + secret.env + " is not set");
    text = value;
  }
  if (text.ends_with('\n')) text.pop_back();
  if (text.ends_with('\r')) text.pop_back();
  if (text.empty()) {
    return FailedPrecondition("the secret in " + (secret.file.empty() ? secret.env : secret.file) + " is empty");
  }
  return text;
}

StatusOr<std::unique_ptr<Forge>> MakeForge(const ForgeConfig& config, HttpClient* http) {
  const StatusOr<std::string> token = ReadSecret(config.token);
  if (!token.ok()) return token.status();
  const bool is_one_word = std::all_of(token->begin(), token->end(), [](char c) { return c > ' ' && c < '\x7f'; });
  if (!is_one_word) return FailedPrecondition("the forge's token is not one word of ASCII");
  switch (config.kind) {
    case ForgeKind::kGitHub: return MakeGitHubForge(config, *token, http);
    case ForgeKind::kGitLab: return MakeGitLabForge(config, *token, http);
    case ForgeKind::kGitea: return MakeGiteaForge(config, *token, http);
  }
  REVERTD_CHECK(false);
  return Internal("no such forge");
}

}  // namespace revertd
