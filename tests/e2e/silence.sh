#!/bin/bash
# Silence, against real things: the log stops, a notification channel's server ends, the clock jumps by an hour and back,
# the disk is full. Each is a trouble within a minute of the fact, told at the other channel where a message can still be
# kept, and no deploy is called healthy meanwhile.
#
# usage: REVERTD=PATH silence.sh
# The clock is set for the sidecar alone, by libfaketime; the disk is a small tmpfs, which takes root. What cannot be had
# here is said and left out. Exit code: 0 only if everything was observed; 77 where nginx, jq or curl is missing.
set -euo pipefail
export LC_ALL=C PATH=$PATH:/usr/sbin:/sbin
: "${REVERTD:?REVERTD=PATH of the program}"
for tool in nginx jq curl awk; do
  command -v $tool >/dev/null || { echo "SKIPPED: silence against real things: $tool is not installed" >&2; exit 77; }
done
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
folder=$(realpath "$(mktemp -d "${TMPDIR:-/tmp}/revertd-silence.XXXXXX")")
chmod 711 "$folder"  # nginx, started by root, works as another user
disk=$folder/disk
clean_up() {
  jobs -p | xargs -r kill 2>/dev/null || true
  wait 2>/dev/null || true
  umount "$disk" 2>/dev/null || true
  rm -rf "$folder"
}
trap clean_up EXIT
left_out=0
leave_out() {
  echo "LEFT OUT: $*" >&2
  left_out=$((left_out + 1))
}

# shellcheck source=tests/e2e/observe.sh
source "$root/tests/e2e/observe.sh"

# --- a disk, a clock, two channels --------------------------------------------------------------------------------------

mkdir "$disk"
has_disk=1
mount -t tmpfs -o size=128m tmpfs "$disk" 2>/dev/null || { has_disk=0 && leave_out "no tmpfs can be mounted: the full disk"; }

faketime=$(compgen -G '/usr/lib/*/faketime/libfaketime.so.1' | head -n 1 || true)
sanitizes() { ldd "$REVERTD" 2>/dev/null | grep -qE 'lib[at]san'; }
clock=()
if [[ -z $faketime ]] || sanitizes; then
  leave_out "no libfaketime here: the clock that jumps"
else
  echo '+0' >"$folder/clock"
  clock=(env LD_PRELOAD="$faketime" FAKETIME_TIMESTAMP_FILE="$folder/clock" FAKETIME_NO_CACHE=1 FAKETIME_DONT_FAKE_MONOTONIC=1)
fi

port=$((20000 + (RANDOM * 32768 + RANDOM) % 12000))
channel() {
  cat >"$folder/$1.conf" <<CONF
daemon off;
pid $folder/$1.pid;
error_log $folder/$1.log;
worker_processes 1;
events {}
http {
  log_format body '\$request_body';
  client_body_temp_path $folder/body; proxy_temp_path $folder/proxy; fastcgi_temp_path $folder/fastcgi;
  uwsgi_temp_path $folder/uwsgi; scgi_temp_path $folder/scgi;
  server {
    listen 127.0.0.1:$2;
    # A body is read, and so logged, only where it is passed on.
    location / { access_log $folder/$1.messages body; proxy_pass http://127.0.0.1:$2/taken; }
    location = /taken { access_log off; return 200; }
  }
}
CONF
  nginx -c "$folder/$1.conf" 2>"$folder/$1.start.log" &
}
channel pager $port
pager=$!
channel chat $((port + 1))
answers() { curl -fs -o /dev/null "http://127.0.0.1:$1/taken"; }
wait_for "the channels' servers answer" answers $port
wait_for "the channels' servers answer" answers $((port + 1))

# --- the sidecar, and a log of ten lines a second -----------------------------------------------------------------------

cat >"$folder/revertd.yaml" <<YAML
services:
  shop: {match: {host: shop.test}}
notify:
  - webhook: {name: pager, url: "http://127.0.0.1:$port/"}
  - webhook: {name: chat, url: "http://127.0.0.1:$((port + 1))/"}
guard: {kill_switch: $folder/kill-switch}
state: $disk/state.db
YAML
mkfifo "$folder/log"
"${clock[@]}" "$REVERTD" run --config "$folder/revertd.yaml" <"$folder/log" >"$folder/events" 2>"$folder/revertd.log" &
exec 7>"$folder/log"
write_log() {
  while sleep 0.1; do
    date '+192.0.2.1 - - [%d/%b/%Y:%H:%M:%S %z] "GET / HTTP/1.1" 200 12 "-" "-" shop.test' || return
  done >&7
}
write_log &
log=$!
troubles() { jq -r 'select(.event == "trouble") | "\(.trouble) \(.subject) \(.state)"' "$folder/events"; }
tells() { troubles | grep -qx "$1"; }
status() { timeout 20 "$REVERTD" status --config "$folder/revertd.yaml"; }
is_counted() { status 2>/dev/null | jq -e '.counters.lines_sampled > 30' >/dev/null; }
wait_for "the log is counted" is_counted
sleep 1
equals "nothing is wrong yet" "" "$(troubles)"

# --- everything stops ---------------------------------------------------------------------------------------------------

stopped=$SECONDS
# told_within WHAT PATTERN: a minute from the fact.
told_within() {
  local what=$1 end=$((stopped + 60))
  until tells "$2"; do
    ((SECONDS < end)) || fail "$what within 60 s: $(troubles | paste -sd, -)"
    sleep 0.2
  done
  echo "ok  $what after $((SECONDS - stopped)) s"
}
kill -QUIT $pager
kill $log
((${#clock[@]} == 0)) || { echo '+1h' >"$folder/clock" && told_within "the clock's jump" "clock_stepped  began"; }
told_within "the channel that ended" "channel_failing pager began"
told_within "the log that stopped" "source_stale stdin began"
names() { jq -r '.facts[]?.value, .summary' "$folder/chat.messages" 2>/dev/null || cat "$folder/chat.messages"; }
at_chat() { names | grep -q "$1"; }
wait_for "the other channel is told of the channel" at_chat pager
wait_for "and of the log" at_chat source_stale
echo "ok  the other channel is told"
if ((${#clock[@]})); then
  stopped=$SECONDS
  echo '+0' >"$folder/clock"
  # The trouble stands still: its words tell of the newest step.
  steps_back() { status | jq -e '.troubles[] | select(.trouble == "clock_stepped") | .words | test("back")' >/dev/null; }
  wait_for "the clock's jump back" steps_back
  echo "ok  the clock was set back"
fi
if ((has_disk)); then
  stopped=$SECONDS
  dd if=/dev/zero of="$disk/full" bs=64k >"$folder/dd.log" 2>&1 || true
  told_within "the full disk" "disk_full $disk/state.db began"
fi
equals "nothing was called healthy" 0 "$(jq -c 'select(.event == "verdict" and .state == "healthy")' "$folder/events" | wc -l)"
((left_out == 0)) || echo "$left_out things left out"
echo "DONE"
