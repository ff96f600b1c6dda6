# Sourced by end-to-end tests: what they say of what they observe. Needs $folder, where the logs are.
# shellcheck shell=bash disable=SC2154

fail() {
  tail -n 5 "$folder"/*.log >&2 || true
  echo "NOT OBSERVED: $*" >&2
  exit 1
}
# equals WHAT WANTED FOUND
equals() {
  [[ $2 == "$3" ]] || fail "$1: $2 wanted, $3 found"
  echo "ok  $1"
}
# wait_for WHAT COMMAND...: until it succeeds, half a minute at most.
wait_for() {
  local what=$1 end=$((SECONDS + 30))
  shift
  until "$@"; do
    ((SECONDS < end)) || fail "$what"
    sleep 0.1
  done
}
