# Sourced by ./check and ./demo: the Debian 12 packages of this project and the one way to install what is missing.
# shellcheck shell=bash disable=SC2034,SC2016

# What the compiler needs; tests and program are configured together.
BUILD_PACKAGES=(
  g++ cmake ninja-build pkg-config git ca-certificates
  libabsl-dev libsimdjson-dev libyaml-cpp-dev libcli11-dev libsqlite3-dev libboost1.81-dev liburing-dev
  libssl-dev libcurl4-openssl-dev libre2-dev zlib1g-dev libbrotli-dev libzstd-dev
  libgtest-dev libgmock-dev libbenchmark-dev
)
# What the end-to-end run stands on: a real balancer and application, a load generator, a reader of NDJSON.
DEMO_PACKAGES=(git nginx haproxy hey jq sqlite3 curl)
# What only ./check uses. The tests push through real servers; ccache makes the second build quick.
CHECK_PACKAGES=(
  clang libclang-rt-14-dev clang-format clang-tidy shellcheck ccache jq util-linux
  nginx fcgiwrap openssh-server openssh-client openssl wrk libfaketime python3-sentry-sdk
)

say() { printf '%s: %s\n' "${0##*/}" "$*" >&2; }

missing_packages() {
  local package
  for package in "$@"; do
    [[ $(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null) == installed ]] || echo "$package"
  done
}

# Debian starts a daemon as soon as its package is installed. We bring our own nginx, on ports of our own, so the
# system's is kept from starting, by Debian's own means, while apt runs.
APT_SCRIPT='
  policy=/usr/sbin/policy-rc.d
  if [ ! -e "$policy" ]; then
    trap "rm -f $policy" EXIT
    printf "#!/bin/sh\nexit 101\n" > "$policy" && chmod 755 "$policy"
  fi
  { apt-get update -qq && apt-get install -qq -y --no-install-recommends -o DPkg::Lock::Timeout=300 "$@"; } 2>&1
'

# install_packages PACKAGE...: installs those that are missing; fails with one clear line.
install_packages() {
  local missing as_root=() log
  mapfile -t missing < <(missing_packages "$@")
  ((${#missing[@]})) || return 0
  if ! command -v apt-get >/dev/null; then
    say "this is no Debian: please install what these packages hold: ${missing[*]}"
    return 1
  fi
  if ((EUID != 0)); then
    # At a terminal sudo may ask for the password; anywhere else nothing may wait for a person.
    if ! command -v sudo >/dev/null || { [[ ! -t 0 ]] && ! sudo -n true 2>/dev/null; }; then
      say "neither root nor sudo; please run as root: apt-get install ${missing[*]}"
      return 1
    fi
    as_root=(sudo)
  fi
  say "installing ${missing[*]}"
  # What apt says is only of interest where it fails.
  log=$("${as_root[@]}" env DEBIAN_FRONTEND=noninteractive sh -c "$APT_SCRIPT" apt "${missing[@]}" </dev/null) ||
    { tail -n 15 <<<"$log" >&2; say "apt-get could not install: ${missing[*]}"; return 1; }
}
