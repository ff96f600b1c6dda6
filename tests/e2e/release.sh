#!/bin/bash
# Releases on real parts (release_parts.sh): four services promoted one after another and undone together, each scenario
# in a folder of its own.
#
# usage: REVERTD=PATH release.sh [SCENARIO...]     default: all, two at a time
#   clean         all is well: four merges, the manifest, nobody finds drift
#   breaks        the third stage's service answers 4 % with 500: what was promoted is undone, the last step first
#   healthy_point the same, by a health check, after a stage at which a release may stand
#   crashes       as breaks, and killed in every task, forward and back
#   irreversible  the way back comes to what nothing undoes
#   ambiguity     all services fail alike after a promotion: a person's case, who aborts
#   dry_run       says what would be, and changes nothing
#   drift         what production becomes without a release is found, each by its name
# Exit code: 0 only if everything was observed; 77 where nginx, hey, git, jq, curl or sqlite3 is missing.
set -euo pipefail
: "${REVERTD:?REVERTD=PATH of the program}"
# Debian keeps nginx where only root's PATH looks.
export PATH=$PATH:/usr/sbin:/sbin
for tool in nginx hey git jq curl sqlite3; do
  command -v $tool >/dev/null || { echo "SKIPPED: releases on real parts: $tool is not installed" >&2; exit 77; }
done
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
scenarios=(breaks crashes clean ambiguity healthy_point irreversible dry_run drift)

if (($# != 1)); then
  (($# == 0)) || scenarios=("$@")
  logs=$(mktemp -d "${TMPDIR:-/tmp}/revertd-release-all.XXXXXX")
  trap 'rm -rf "$logs"' EXIT
  trap 'exit 130' INT
  trap 'exit 143' TERM HUP
  export logs script=$root/tests/e2e/release.sh
  # shellcheck disable=SC2016
  printf '%s\n' "${scenarios[@]}" | xargs -P 2 -I{} bash -c '
    begun=$SECONDS
    if "$script" {} >"$logs/{}" 2>&1; then answer=passed; else answer=FAILED; sed "s/^/    /" "$logs/{}"; fi
    printf "%-14s %s after %s s\n" {} $answer $((SECONDS - begun))
    [ $answer = passed ]'
  exit
fi

export LC_ALL=C
# Nothing of this user's or this caller's git configuration may change what is shown.
unset GIT_DIR GIT_WORK_TREE GIT_INDEX_FILE
export GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_NOSYSTEM=1
folder=$(realpath "$(mktemp -d "${TMPDIR:-/tmp}/revertd-release.XXXXXX")")
# shellcheck source=tests/e2e/observe.sh
source "$root/tests/e2e/observe.sh"
# shellcheck source=tests/e2e/release_parts.sh
source "$root/tests/e2e/release_parts.sh"
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP
# A copy, so that a build beside this run changes nothing under its feet.
cp "$REVERTD" "$folder/revertd"
REVERTD=$folder/revertd

# all_at_2 [CART...]: what main holds beyond production; of cart: PERCENT [HEALTH].
all_at_2() {
  change payments 2
  change catalog 2
  change cart 2 "$@"
  change front 2
}

# --- clean ------------------------------------------------------------------------------------------------------------

plan_is_read() {
  local plan
  plan=$(revertd release plan --json "$folder/release.yaml") || fail "the plan is good: $plan"
  steps_of() { jq -r "select(.event == \"plan_step\") | $1" <<<"$plan" | paste -sd' ' -; }
  equals "the plan's order" "schema payments catalog cart front" "$(steps_of .step)"
  equals "each step's inverse" "command revert revert revert revert" "$(steps_of .inverse_by)"
  equals "the way back" "front cart catalog payments schema" \
    "$(jq -r 'select(.event == "plan") | .reverse_order | join(" ")' <<<"$plan")"
  equals "nothing is irreversible" "[]" "$(jq -c 'select(.event == "plan") | .irreversible' <<<"$plan")"
  revertd release plan "$folder/release.yaml" >"$folder/plan.txt"
  must "people read that it can be run" grep -qx "it can be run" "$folder/plan.txt"
}

ALL_DEPLOYS="prices:cart prices:catalog prices:front prices:payments"
deploys_are_finished() {
  [[ $(revertd deploy list | jq -r 'select((.finish_ns // 0) != 0) | .id' | sort | paste -sd' ' -) == "$ALL_DEPLOYS" ]]
}
follow_ups_are_armed() {
  [[ $(revertd status | jq -r '[.follow_ups[].deploy] | unique | join(" ")') == "$ALL_DEPLOYS" ]]
}

clean() {
  set_up
  all_at_2
  warm_up
  # The first and the last are watched by the detector too; all four would take two minutes more and show nothing new.
  four_services prices "$QUICK" "$WATCHED" | sed "0,/guard: $QUICK/s//guard: $WATCHED/" >"$folder/release.yaml"
  plan_is_read
  release_command run "$folder/release.yaml"
  equals "the release ends well" 0 "$code"
  equals "each service runs version 2" "2 2 2 2" "$(versions)"
  equals "payments' production has one merge of ours" "prices payments,first" "$(trailers payments)"
  equals "so has catalog's" "prices catalog,first" "$(trailers catalog)"
  equals "and web's two" "prices front,prices cart,first" "$(trailers web)"
  local repo heads
  for repo in "${REPOS[@]}"; do
    equals "$repo's head is a merge of main" "$(developer "$repo" rev-parse main)" "$(production "$repo" ^2)"
  done
  equals "the manifest tells the outcome" "ended done" "$(outcome prices)"
  equals "and each step's standing" "schema healthy, payments healthy, catalog healthy, cart healthy, front healthy" \
    "$(standings prices)"
  equals "and what was promoted" "$(production payments) $(production catalog) $(production web ^) $(production web)" \
    "$(manifest prices '[.steps[] | select(.service != "") | .head] | join(" ")')"
  within 10 "the release's deploys are finished" deploys_are_finished
  # Once the observation of the last one is over.
  within 150 "they are judged again later" follow_ups_are_armed
  equals "each step once, in order" "$FORTH,deployed front,told release_ended" "$(timeline)"
  equals "its beginning and its end were told" "release_begun release_ended" "$(told prices)"
  equals "no trigger was written" "" "$(revertd trigger list)"
  heads=$(for repo in "${REPOS[@]}"; do production "$repo"; done)
  release_command run "$folder/release.yaml"
  equals "an id is used once" 2 "$code"
  equals "and changes nothing" "$heads" "$(for repo in "${REPOS[@]}"; do production "$repo"; done)"
  must "nothing has drifted" scan
}

# --- breaks -----------------------------------------------------------------------------------------------------------

# What happens to a release whose third stage breaks.
FORTH="schema up,deployed payments,deployed catalog,deployed cart"
BACK="deployed cart,deployed catalog,deployed payments,schema down"

# What the two scenarios have in common: cart broke, everything is undone, each once.
is_undone() {
  equals "each service runs version 1" "1 1 1 1" "$(versions)"
  local repo
  for repo in "${REPOS[@]}"; do
    # shellcheck disable=SC2154
    equals "$repo's production has one merge and its revert" "trigger,prices ${services_of[$repo]%% *},first" \
      "$(trailers "$repo")"
    equals "$repo's tree is as before" "$(production "$repo" '~2^{tree}')" "$(production "$repo" '^{tree}')"
  done
  equals "the manifest tells the outcome" "ended reversed" "$(outcome prices)"
  equals "and each step's standing" "schema undone, payments undone, catalog undone, cart undone, front not begun" \
    "$(standings prices)"
  equals "and what broke" "cart regressed" "$(manifest prices '.breach | "\(.step) \(.reason)"')"
  equals "each head is the one that was read back" \
    "$(production payments) $(production catalog) $(production web)" \
    "$(manifest prices '[.steps[1:][].rows[] | select(.row | endswith("/reversed")).detail] | join(" ")')"
  must "nothing has drifted" scan
}

breaks() {
  set_up
  all_at_2 4
  warm_up
  four_services prices "$WATCHED" >"$folder/release.yaml"
  release_command run "$folder/release.yaml"
  equals "a release that was undone is bad news" 1 "$code"
  equals "each step once, and once back, and people know before" \
    "$FORTH,told release_breached,$BACK,told release_ended" "$(timeline)"
  is_undone
  equals "each thing was told once" "release_begun release_breached release_ended" "$(told prices)"
  must "the sidecar held while the release was in charge" held_for_the_release
}
held_for_the_release() { events 'select(.event == "decision").reason' | grep -qx release_in_charge; }

healthy_point() {
  set_up
  all_at_2 0 503
  four_services prices "$QUICK" "$QUICK" true >"$folder/release.yaml"
  release_command run "$folder/release.yaml"
  equals "a release that was undone is bad news" 1 "$code"
  equals "what is before the healthy point stands" "2 2 1 1" "$(versions)"
  equals "by the manifest too" "schema healthy, payments healthy, catalog healthy, cart undone, front not begun" \
    "$(standings prices)"
  equals "its health check broke it" "cart unhealthy" "$(manifest prices '.breach | "\(.step) \(.reason)"')"
  equals "catalog's production was not touched again" "prices catalog,first" "$(trailers catalog)"
  equals "nothing else was undone" \
    "$FORTH,told release_breached,deployed cart,told release_ended" "$(timeline)"
}
# --- crashes ----------------------------------------------------------------------------------------------------------

# Every row of the journal that a release like `breaks` goes through, in order, and the four places of each at which it
# may be killed.
fault_points() {
  local step task
  around pinned begin finish
  for step in schema payments catalog cart; do
    for task in registered promoted verified deployed guarded; do around $step/$task begin finish; done
  done
  for step in cart catalog payments; do
    around $step/reversed begin
    for task in accepted planned reverted announced drained pushed push_verified; do
      around $step/reversed:$task begin finish
    done
    around $step/reversed finish
    around $step/reverse_verified begin finish
  done
  for task in schema/reversed schema/reverse_verified settled; do around $task begin finish; done
}
# around ROW PLACE...
around() {
  local row=$1 place
  shift
  for place in "$@"; do printf '%s\n' "$row.before_$place" "$row.after_$place"; done
}

crashes() {
  local point killed=0
  set_up
  all_at_2 4
  warm_up
  four_services prices "$WATCHED" >"$folder/release.yaml"
  fault_points >"$folder/points"
  while read -r point; do
    if ((killed == 0)); then
      REVERTD_FAULT_POINT=$point release_command run "$folder/release.yaml"
    else
      REVERTD_FAULT_POINT=$point release_command resume prices
    fi
    ((code == 137)) || fail "the release is killed at $point: exit code $code"
    killed=$((killed + 1))
  done <"$folder/points"
  equals "killed and resumed as often as there are fault points" "$(wc -l <"$folder/points")" $killed
  release_command resume
  equals "a release that was undone is bad news" 1 "$code"
  equals "each step once, and once back" "$FORTH,$BACK" "$(timeline told)"
  # A message whose channel was killed while it was told is told again, and is the same to the byte.
  equals "each thing was told" "release_begun release_breached release_ended" \
    "$(jq -c 'select(.key == "release:prices")' "$folder/told.ndjson" | sort -u | jq -r .event | sort | paste -sd' ' -)"
  is_undone
}

# --- irreversible -----------------------------------------------------------------------------------------------------

irreversible() {
  set_up
  change payments 2
  change cart 2
  with_letters 2 >"$folder/release.yaml"
  revertd release plan "$folder/release.yaml" >"$folder/plan.txt" || fail "the plan is good"
  must "the plan names what nothing undoes" grep -q "^nothing undoes: mail" "$folder/plan.txt"
  must "and why" grep -q "warning mail: irreversible.*letters are in the post" "$folder/plan.txt"
  release_command run "$folder/release.yaml"
  equals "the way back stops" 1 "$code"
  must "people are told that it halted" was_halted_at letters mail/reversed
  equals "what was begun after it is undone, the rest is not" "2 1 1 1" "$(versions)"
  revertd release status --json letters >"$folder/status.json"
  equals "the status tells the exact state" \
    "schema healthy, payments healthy, mail not undone, cart undone" \
    "$(jq -r '[.steps[] | "\(.step) \(.standing)"] | join(", ")' "$folder/status.json")"
  equals "and that nobody runs it, and why it goes back" "halted false cart condition_failed" \
    "$(jq -r '"\(.state) \(.runner) \(.breach.step) \(.breach.reason)"' "$folder/status.json")"
  revertd release status letters >"$folder/status.txt"
  must "people read where it halted, and why" grep -q "halted at mail/reversed (irreversible)" "$folder/status.txt"
  must "and what nothing undoes" grep -q "mail .*not undone .*letters are in the post" "$folder/status.txt"
  release_command resume
  equals "trying again changes nothing" "1 2 1 1 1" "$code $(versions)"
  revertd release approve letters mail >"$folder/approve.ndjson" 2>>"$folder/release.log"
  release_command resume letters
  equals "a person has seen to it, and the way back goes on" 1 "$code"
  equals "to its end" "ended reversed" "$(outcome letters)"
  equals "all is undone that can be" "schema undone, payments undone, mail undone, cart undone" "$(standings letters)"
  equals "each service runs version 1" "1 1 1 1" "$(versions)"
  equals "each step once" \
    "schema up,deployed payments,mail up,deployed cart,deployed cart,deployed payments,schema down" "$(timeline told)"
}

# --- ambiguity --------------------------------------------------------------------------------------------------------

payments_is_watched() {
  jq -r '"\(.row) \(.state)"' "$folder/release.ndjson" 2>/dev/null | grep -qx "payments/guarded begun"
}

ambiguity() {
  local merge waits=release_waits.payments/guarded.ambiguous
  set_up
  all_at_2
  warm_up
  four_services prices "$QUICK" | sed "0,/guard: $QUICK/s//guard: $WATCHED/" >"$folder/release.yaml"
  start release run_release run "$folder/release.yaml"
  within 60 "payments is promoted" payments_is_watched
  merge=$(production payments)
  # What all share fails right after: nobody can tell whether the promotion is why.
  outage 20
  reload balancer
  within 150 "people are told that the release waits for them" was_told prices $waits
  # shellcheck disable=SC2154
  must "it runs on" kill -0 "${job[release]}"
  equals "nothing is undone" \
    "running schema healthy, payments promoted, catalog not begun, cart not begun, front not begun" \
    "$(manifest prices .state) $(standings prices)"
  equals "payments' production stands" "$merge" "$(production payments)"
  equals "no other's moved" "first first" "$(trailers catalog) $(trailers web)"
  revertd release abort prices --why "the balancer is ill, not today" >"$folder/abort.ndjson"
  await_release
  equals "a release that was undone is bad news" 1 "$code"
  equals "it is undone, once, and people know before" \
    "schema up,deployed payments,told $waits,told release_breached,deployed payments,schema down,told release_ended" \
    "$(timeline)"
  equals "each thing was told once" \
    "release_begun release_breached release_ended $waits" "$(told prices)"
  equals "the manifest tells the outcome" "ended reversed aborted" "$(outcome prices) $(manifest prices .breach.reason)"
  must "and who said so" grep -q "not today" <<<"$(manifest prices .breach.detail)"
  equals "payments' production has its revert" "trigger,prices payments,first" "$(trailers payments)"
  equals "no other's moved" "first first" "$(trailers catalog) $(trailers web)"
}

# --- dry run ----------------------------------------------------------------------------------------------------------

# Everything that a dry run could change: remotes, work trees, what is told, and the databases but for what the sidecar
# writes every second.
all_that_is() {
  local repo database table
  for repo in "${REPOS[@]}"; do
    remote "$repo" for-each-ref
    remote "$repo" count-objects -v
    remote "$repo" rev-list --all --objects | sha256sum
  done
  find "$folder/developer" "$folder/checkout" "${SERVICES[@]/#/$folder/}" -type f ! -name '*.log' -print0 | sort -z |
    xargs -0 sha256sum
  cat "$folder/timeline" "$folder/told.ndjson"
  find "$folder/state" -name '*.db' -o -path '*/records/*' | sort
  for database in "$folder"/state/*.db "$folder"/state/releases/*.db; do
    for table in $(sqlite3 -readonly "$database" "SELECT name FROM sqlite_schema WHERE type = 'table'"); do
      [[ $table == status ]] || sqlite3 -readonly "$database" ".dump $table"
    done
  done
}
# said STEP TASK FILTER: of the dry run.
said() { jq -r "select(.event == \"dry_run\" and .step == \"$1\" and .task == \"$2\") | $3" "$folder/dry.ndjson"; }
dry_run_of() {
  code=0
  all_that_is >"$folder/before"
  revertd release run --dry-run "$1" >"$folder/dry.ndjson" 2>>"$folder/release.log" || code=$?
  all_that_is >"$folder/after"
  must "the dry run changed nothing" diff "$folder/before" "$folder/after"
}

dry_run() {
  set_up
  git clone -q --branch production "$folder/payments.git" "$folder/checkout"
  change front 1a
  # What releases keep is there before: a dry run must leave it alone too.
  one_step earlier "$(git_step front "$QUICK")" >"$folder/earlier.yaml"
  release_command run "$folder/earlier.yaml"
  equals "an earlier release is done" 0 "$code"
  all_at_2
  four_services prices "$WATCHED" >"$folder/release.yaml"
  dry_run_of "$folder/release.yaml"
  equals "all that can be tried went well" 0 "$code"
  local service
  for service in "${SERVICES[@]}"; do
    equals "$service's push was rehearsed" "production true" "$(said "$service" push '"\(.branch) \(.allowed)"')"
    equals "$service said what it runs" "$(revision_running "$service")" "$(said "$service" running .revision)"
    equals "$service is well" "alive ok" "$(said "$service" health '"\(.check) \(.level)"')"
    equals "$service's merge was undone again" "true true" \
      "$(said "$service" reverse '"\(.can_be_reverted) \(.tree_as_before)"')"
  done
  equals "a command is named and not run" "$folder/layer schema down" "$(said schema reverse .would_run)"
  with_letters 1 >"$folder/letters.yaml"
  dry_run_of "$folder/letters.yaml"
  equals "what would break it is bad news" 1 "$code"
  equals "a condition that fails is named" "smoke false" "$(said cart condition '"\(.condition) \(.holds)"')"
  equals "what nothing undoes is named" "none letters are in the post" "$(said mail reverse '"\(.by) \(.detail)"')"
}

# --- drift ------------------------------------------------------------------------------------------------------------

# found WHAT KIND / gone WHAT
found() { must "$1 is found: $2" scan "$2"; }
gone() { must "$1, undone, is no drift" scan; }

drift() {
  local head revert
  set_up
  all_at_2
  four_services prices "$QUICK" >"$folder/release.yaml"
  release_command run "$folder/release.yaml"
  equals "a release is done" 0 "$code"
  within 10 "the release's deploys are finished" deploys_are_finished
  git clone -q --branch production "$folder/payments.git" "$folder/checkout"
  work_trees="{grace: 0s, work_trees: [{path: \"$folder/checkout\", repo: payments}]}"
  must "nothing has drifted" scan

  echo "# by hand" >>"$folder/checkout/payments/app.conf"
  found "an edit on the machine" dirty_work_tree
  git -C "$folder/checkout" checkout -q -- .
  gone "an edit"
  git -C "$folder/checkout" checkout -q --detach
  found "a detached HEAD" detached_work_tree
  git -C "$folder/checkout" checkout -q production
  gone "a detached HEAD"

  head=$(production catalog)
  developer catalog fetch -q
  developer catalog checkout -q -B hotfix origin/production
  echo "by hand" >"$folder/developer/catalog/note"
  developer catalog add note
  developer catalog commit -q -m "hotfix, straight to production"
  developer catalog push -q origin hotfix:production
  found "a commit past the release" unexplained_commit
  developer catalog push -q -f origin "$head:production"
  gone "that commit"

  head=$(production payments)
  sed -i "s/$head/$(production payments ^)/" "$folder/payments/revision.conf"
  reload payments
  within 10 "another revision than was deployed is found: wrong_revision_running" scan wrong_revision_running
  sed -i "s/$(production payments ^)/$head/" "$folder/payments/revision.conf"
  reload payments
  within 10 "the right one, back again, is no drift" scan

  # A rollback whose revert somebody reverts.
  change cart 3
  one_step bad "$(git_step cart "$QUICK" && smoke_condition cart 3)" >"$folder/bad.yaml"
  release_command run "$folder/bad.yaml"
  equals "a bad release is undone" "1 reversed" "$code $(manifest bad .outcome)"
  within 10 "nothing has drifted" scan
  revert=$(production web)
  developer web fetch -q
  developer web checkout -q -B again origin/production
  developer web revert --no-edit "$revert" >/dev/null
  developer web push -q origin again:production
  found "what was rolled back and came again" returned_commit
  developer web push -q -f origin "$revert:production"
  gone "that revert of a revert"
}

printf '%s\n' "${scenarios[@]}" | grep -qx -- "$1" || { echo "no scenario $1; there are: ${scenarios[*]}" >&2; exit 2; }
"$1"
echo "DONE after $SECONDS s"
