# Sourced by release.sh: the parts that a release is made on. Four applications and a balancer, all nginx, whose access
# log is fed to `revertd run`; three remotes whose hooks deploy what is pushed to production; a layer beside git; a
# channel that people read. Needs $root, $folder and $REVERTD, and observe.sh.
#
#   hey -> balancer -> payments, catalog, cart, front     each on a socket of its own, so that one port is enough
#             |-> access.log -> revertd run
#   revertd release run -> payments.git, catalog.git, web.git (of cart and front) -> hook -> application
# shellcheck shell=bash disable=SC2034,SC2154

REQUESTS_PER_SECOND=60  # of each service
WARM_UP_SECONDS=60      # healthy traffic first: what a verdict compares with
LOAD_SECONDS=540        # the load ends by itself, whatever happens to this script
SERVICES=(payments catalog cart front)
REPOS=(payments catalog web)
declare -A services_of=([payments]=payments [catalog]=catalog [web]="cart front")
declare -A repo_of=([payments]=payments [catalog]=catalog [cart]=web [front]=web)

# --- processes --------------------------------------------------------------------------------------------------------

declare -A job=()  # name -> process group of a running part

# start NAME COMMAND...: in the background, as a process group of its own, so that it can be ended as a whole.
start() {
  local name=$1
  shift
  set -m
  "$@" &
  set +m
  job[$name]=$!
}

stop() {
  local group=${job[$1]:-}
  unset "job[$1]"
  [[ -n $group ]] || return 0
  kill -TERM -- "-$group" 2>/dev/null || return 0
  for _ in {1..50}; do
    kill -0 -- "-$group" 2>/dev/null || return 0
    sleep 0.1
  done
  kill -KILL -- "-$group" 2>/dev/null || true
}

# What asks first, what answers last.
clean_up() {
  local code=$? name
  trap - EXIT INT TERM HUP
  for name in release "${SERVICES[@]/#/load.}" sidecar balancer "${SERVICES[@]}"; do stop "$name"; done
  wait 2>/dev/null || true
  rm -rf "$folder"
  exit "$code"
}

# within SECONDS WHAT COMMAND...: asks until the command succeeds; every wait has its end.
within() {
  local what=$2 end=$((SECONDS + $1))
  shift 2
  until "$@"; do
    ((SECONDS < end)) || fail "$what"
    sleep 0.2
  done
  echo "ok  $what"
}
# must WHAT COMMAND...: holds now.
must() {
  local what=$1
  shift
  "$@" || fail "$what"
  echo "ok  $what"
}

# --- nginx ------------------------------------------------------------------------------------------------------------

# nginx_conf NAME: what is the same for all; the rest of the http block comes on stdin. A master that is root would give
# its workers to a user who cannot look into our folder.
nginx_conf() {
  cat <<CONF
$( ((EUID != 0)) || echo 'user root;')
worker_processes 1;
pid $folder/$1/nginx.pid;
error_log $folder/$1/error.log warn;
events { worker_connections 256; }
http {
  client_body_temp_path $folder/$1/tmp;
  proxy_temp_path $folder/$1/tmp;
  fastcgi_temp_path $folder/$1/tmp;
  uwsgi_temp_path $folder/$1/tmp;
  scgi_temp_path $folder/$1/tmp;
$(cat)
}
CONF
}
run_nginx() {
  exec nginx -p "$folder/$1" -c "$folder/$1/nginx.conf" -e stderr -g 'daemon off;' 2>>"$folder/$1/error.log"
}
# nginx writes its pid file once it listens.
listens() { [[ -s $folder/$1/nginx.pid ]] && kill -0 "${job[$1]}" 2>/dev/null; }
start_nginx() {
  start "$1" run_nginx "$1"
  for _ in {1..50}; do
    listens "$1" && return 0
    kill -0 "${job[$1]}" 2>/dev/null || break
    sleep 0.1
  done
  stop "$1"
  return 1
}
reload() { kill -HUP "$(cat "$folder/$1/nginx.pid")"; }

# The balancer's door for machines is its default server: unlogged, and no outage of the others touches it.
balancer_conf() {
  local service
  cat <<CONF
  log_format vhost_combined_rt '\$host:\$server_port \$remote_addr - \$remote_user [\$time_local] "\$request" \$status '
                               '\$body_bytes_sent "\$http_referer" "\$http_user_agent" \$request_time';
  include $folder/balancer/outage.conf;
  server {
    listen 127.0.0.1:$port default_server;
    access_log off;
$(for service in "${SERVICES[@]}"; do
    echo "    location /$service/ { proxy_pass http://unix:$folder/$service/socket:/; }"
  done)
  }
CONF
  for service in "${SERVICES[@]}"; do
    cat <<CONF
  server {
    listen 127.0.0.1:$port;
    server_name $service.example;
    access_log $folder/balancer/access.log vhost_combined_rt;
    location / {
      if (\$is_down) { return 502; }
      proxy_pass http://unix:$folder/$service/socket:/;
    }
  }
CONF
  done
}
# No outage. nginx takes no "0%" in split_clients.
no_outage() { echo "map \$request_id \$is_down { default ''; }" >"$folder/balancer/outage.conf"; }
outage() { echo "split_clients \$request_id \$is_down { $1% 1; * ''; }" >"$folder/balancer/outage.conf"; }

# On a port that is free now. Only the kernel can say so, thus: try, and take another on refusal.
start_balancer() {
  mkdir -p "$folder/balancer/tmp"
  no_outage
  for _ in {1..20}; do
    port=$((20000 + (RANDOM * 32768 + RANDOM) % 12000))
    balancer_conf | nginx_conf balancer >"$folder/balancer/nginx.conf"
    ! start_nginx balancer || return 0
    grep -q 'bind() ' "$folder/balancer/error.log" || break
  done
  fail "the balancer listens: $(tail -n 3 "$folder/balancer/error.log")"
}

# app_conf SERVICE VERSION [PERCENT [HEALTH]]: the application that a repository holds; PERCENT of its answers are 500.
# Where it listens and which commit it is are the machine's business.
app_conf() {
  local broken="map \$request_id \$is_broken { default ''; }"
  (("${3:-0}" == 0)) || broken="split_clients \$request_id \$is_broken { $3% 1; * ''; }"
  cat <<CONF
$broken
server {
  listen unix:$folder/$1/socket;
  include $folder/$1/revision.conf;
  location = /health { return ${4:-200} "health\n"; }
  location = /revision { return 200 "in the header\n"; }
  location / {
    if (\$is_broken) { return 500; }
    default_type text/plain;
    return 200 "$1 version $2\n";
  }
}
CONF
}

# --- git --------------------------------------------------------------------------------------------------------------

developer() { git -C "$folder/developer/$1" "${@:2}"; }
remote() { git -C "$folder/$1.git" "${@:2}"; }
production() { remote "$1" rev-parse "production${2:-}"; }

make_remote() {
  local service
  git init -q --bare --initial-branch=production "$folder/$1.git"
  sed -e "s|@FOLDER@|$folder|g; s|@SERVICES@|${services_of[$1]}|g" "$root/tests/e2e/release_receive.sh" \
    >"$folder/$1.git/hooks/post-receive"
  chmod +x "$folder/$1.git/hooks/post-receive"
  git clone -q "$folder/$1.git" "$folder/developer/$1" 2>/dev/null
  developer "$1" config user.name Developer
  developer "$1" config user.email developer@example.com
  developer "$1" checkout -q -B main
  for service in ${services_of[$1]}; do
    mkdir "$folder/developer/$1/$service"
    app_conf "$service" 1 >"$folder/developer/$1/$service/app.conf"
  done
  developer "$1" add .
  developer "$1" commit -q -m "first version"
  developer "$1" push -q origin main main:production
}

# change SERVICE VERSION...: a commit on main.
change() {
  local repo=${repo_of[$1]}
  app_conf "$@" >"$folder/developer/$repo/$1/app.conf"
  developer "$repo" commit -q -am "$1: version $2"
  developer "$repo" push -q origin main
}

# --- revertd ----------------------------------------------------------------------------------------------------------

# write_config [DRIFT]: with what the drift scan needs beside.
write_config() {
  local service repo
  cat <<CONF
sources: [ {stdin: {format: auto}} ]
services:
$(for service in "${SERVICES[@]}"; do
    cat <<SERVICE
  $service:
    match: {host: $service.example}
    repo: ${repo_of[$service]}
    paths: ["$service/**"]
    mode: push
    running: {url: "http://127.0.0.1:$port/$service/revision", header: X-Revision}
    health: {checks: [{name: alive, url: "http://127.0.0.1:$port/$service/health", every: 1s, timeout: 1s}]}
SERVICE
  done)
repos:
$(for repo in "${REPOS[@]}"; do echo "  $repo: {url: \"$folder/$repo.git\", branch: production}"; done)
detect: { lateness: 1s, observe: 2m, stabilise: 1s, margins: { latency_abs: 1s } }
guard:  { kill_switch: "$folder/kill-switch", deploy_wait: 1m }
notify: [ {command: {argv: [$folder/tell]}} ]
drift:  ${1:-"{}"}
state:  $folder/state/state.db
CONF
}

# The channel that people read, a line a message; and the layer beside git: a file that is there or not.
write_programs() {
  cat >"$folder/tell" <<TELL
#!/bin/sh
# By the shell alone: what else happens meanwhile is not to be written down first.
message=\$(cat)
event=\${message#*'"event":"'}
case \$message in '{"key":"release:'*) echo "told \${event%%'"'*}" >>$folder/timeline ;; esac
printf '%s\n' "\$message" >>$folder/told.ndjson
TELL
  cat >"$folder/layer" <<LAYER
#!/bin/sh
# layer NAME up|down|is-up|is-down
case \$2 in
  up) touch $folder/layer.\$1 ;;
  down) rm -f $folder/layer.\$1 ;;
  is-up) test -e $folder/layer.\$1; exit ;;
  is-down) test ! -e $folder/layer.\$1; exit ;;
esac
echo "\$1 \$2" >>$folder/timeline
LAYER
  cat >"$folder/smoke" <<SMOKE
#!/bin/sh
# smoke SERVICE BAD: 1 where it serves version BAD
answer=\$(curl -fsS "http://127.0.0.1:$port/\$1/") || exit 2
test "\$answer" != "\$1 version \$2"
SMOKE
  chmod +x "$folder"/{tell,layer,smoke}
}

# "-n 0": what stood in the log before is known already.
run_sidecar() {
  exec 2>>"$folder/sidecar.log"
  tail -n 0 -F "$folder/balancer/access.log" | "$REVERTD" run --config "$folder/revertd.yaml" >>"$folder/events"
}
revertd() { "$REVERTD" "$@" --config "$folder/revertd.yaml"; }
sidecar_is_up() { revertd status >/dev/null 2>&1; }
# events FILTER: what the sidecar said.
events() { jq -rR "fromjson? | $1" "$folder/events"; }

set_up() {
  local service repo
  mkdir -p "$folder/developer"
  touch "$folder"/{timeline,told.ndjson,events}
  for service in "${SERVICES[@]}"; do
    mkdir -p "$folder/$service/tmp"
    nginx_conf "$service" <<<"  access_log off; include $folder/$service/app.conf;" >"$folder/$service/nginx.conf"
  done
  for repo in "${REPOS[@]}"; do make_remote "$repo"; done
  for service in "${SERVICES[@]}"; do start_nginx "$service" || fail "$service listens"; done
  start_balancer
  write_programs
  write_config >"$folder/revertd.yaml"
  start sidecar run_sidecar
  within 20 "the sidecar runs" sidecar_is_up
}

requests_of() { grep -c "^$1\.example" "$folder/balancer/access.log" || true; }
start_load() {
  local service
  for service in "${SERVICES[@]}"; do
    start "load.$service" hey -z ${LOAD_SECONDS}s -c 2 -q $((REQUESTS_PER_SECOND / 2)) -t 5 -host "$service.example" \
      "http://127.0.0.1:$port/" >/dev/null 2>&1
  done
}
is_warm() { (($(requests_of "$1") >= WARM_UP_SECONDS * REQUESTS_PER_SECOND * 9 / 10)); }
warm_up() {
  local service
  start_load
  for service in "${SERVICES[@]}"; do within 120 "healthy traffic of $service for a minute" is_warm "$service"; done
}

# --- a release --------------------------------------------------------------------------------------------------------

# A window that only health checks have a word in: a verdict needs a minute of traffic, which is spent where a scenario
# is about verdicts.
QUICK='{verdict: false, min: 2s, max: 1m}'
WATCHED='{min: 2s, max: 4m}'

# git_step SERVICE GUARD [REVISION]
git_step() {
  cat <<STEP
      - step: $1
        service: $1
        promote: {merge: main${3:+, revision: $3}}
        guard: $2
STEP
}
# layer_step NAME [WHY-NO-INVERSE]
layer_step() {
  cat <<STEP
      - step: $1
        promote: {command: [$folder/layer, $1, up], verify: [$folder/layer, $1, is-up]}
        inverse: ${2:-"{command: [$folder/layer, $1, down], verify: [$folder/layer, $1, is-down]}"}
        guard: {min: 0s, max: 1s, at_max: proceed}
STEP
}
# smoke_condition SERVICE BAD: of the step above; that version of the service fails it.
smoke_condition() { echo "        conditions: [{condition: smoke, command: [$folder/smoke, $1, \"$2\"], every: 1s}]"; }
# cart and front share a repo: what cart promotes is pinned to its own commit, or it would take front's along.
revision_of() { developer "${repo_of[$1]}" rev-parse "main^{/^$1: }"; }

# four_services ID CART-GUARD [FRONT-GUARD [HEALTHY-POINT]]
four_services() {
  cat <<RELEASE
release: $1
stages:
  - stage: core
    steps:
$(layer_step schema)
$(git_step payments "$QUICK")
  - stage: catalog
    steps:
$(git_step catalog "$QUICK")
    healthy_point: ${4:-false}
  - stage: cart
    steps:
$(git_step cart "$2" "$(revision_of cart)")
  - stage: front
    steps:
$(git_step front "${3:-$QUICK}")
RELEASE
}

# one_step ID STEP
one_step() { printf 'release: %s\nstages:\n  - stage: only\n    steps:\n%s\n' "$@"; }
# with_letters BAD: the version of cart that its condition does not bear.
with_letters() {
  cat <<RELEASE
release: letters
stages:
  - stage: core
    steps:
$(layer_step schema)
$(git_step payments "$QUICK")
  - stage: mail
    steps:
$(layer_step mail '{none: "letters are in the post"}')
  - stage: cart
    steps:
$(git_step cart "$QUICK")
$(smoke_condition cart "$1")
RELEASE
}

run_release() {
  exec 2>>"$folder/release.log"
  exec timeout 420 "$REVERTD" release "$@" --config "$folder/revertd.yaml" >>"$folder/release.ndjson"
}
# await_release: its exit code in $code. A signal to this script ends the wait.
await_release() {
  code=0
  { wait "${job[release]}" || code=$?; } 2>>"$folder/release.log"
}
release_command() {
  start release run_release "$@"
  await_release
}
manifest() { jq -r "$2" "$folder/state/records/releases/$1.json"; }
standings() { manifest "$1" '[.steps[] | "\(.step) \(.standing)"] | join(", ")'; }
outcome() { manifest "$1" '"\(.state) \(.outcome)"'; }
told() { jq -r "select(.key == \"release:$1\") | .event" "$folder/told.ndjson" | sort | paste -sd' ' -; }
was_told() { [[ " $(told "$1") " == *" $2 "* ]]; }
was_halted_at() { [[ " $(told "$1")" == *" release_halted.$2."* ]]; }  # and when
revision_running() {
  curl -fsSi --retry 5 "http://127.0.0.1:$port/$1/revision" | tr -d '\r' | sed -n 's/^X-Revision: //p'
}
version_of() { curl -fsS --retry 5 "http://127.0.0.1:$port/$1/"; }
versions() {
  local service
  for service in "${SERVICES[@]}"; do version_of "$service" | cut -d' ' -f3; done | paste -sd' ' -
}
# trailers REPO: of production's own line, the newest first: "RELEASE STEP" of a promotion, "trigger" of a rollback,
# "first" of the first version.
trailers() {
  local release='%(trailers:key=Revertd-Release,valueonly,separator=%x20)'
  local step='%(trailers:key=Revertd-Step,valueonly,separator=%x20)'
  local trigger='%(trailers:key=Revertd-Trigger,keyonly,separator=%x20)'
  remote "$1" log --first-parent --format="$release $step$trigger" production |
    sed 's/^ *//; s/ *$//; s/Revertd-Trigger/trigger/; s/^$/first/' | paste -sd, -
}
# timeline [PATTERN]: what happened, in order; but what matches. That a release has begun is told beside its first step.
timeline() {
  sed 's/\(deployed [a-z]*\) .*/\1/' "$folder/timeline" | grep -v -- "${1:-told release_begun}" | paste -sd, -
}
# scan [KIND]: looks for drift, with no grace; what is young may not be excused here. True: nothing, or KIND, was found.
scan() {
  local found=0 kinds
  write_config "${work_trees:-"{grace: 0s}"}" >"$folder/drift.yaml"
  "$REVERTD" drift scan --config "$folder/drift.yaml" >"$folder/drift.ndjson" 2>>"$folder/drift.log" || found=$?
  kinds=$(jq -r 'select(.event == "drift") | .kind' "$folder/drift.ndjson" | sort -u)
  if (($# == 0)); then ((found == 0)) && [[ -z $kinds ]]; else ((found == 1)) && grep -qx "$1" <<<"$kinds"; fi
}
