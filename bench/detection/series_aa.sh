#!/bin/bash
# bench/detection/series_aa.sh: pretend deploys on every recorded series that is at hand, each as its fields allow.
#   REVERTD_SHARED_DATA=DIR bench/detection/series_aa.sh [--out FILE]
# Where DIR/traffic is not there, nothing is run and 3 is the answer.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
traffic=${REVERTD_SHARED_DATA:-../shared/data}/traffic
[[ -d $traffic ]] || { printf 'series_aa.sh: no %s\n' "$traffic" >&2 && exit 3; }
unpacked() { zstdcat "$traffic/$1"; }

# Requests a minute of a whole site: nothing but how many.
worldcup() {
  unpacked worldcup98_requests_per_minute_1.csv.zst |
    TZ=UTC gawk -F, 'NR > 1 {
        gsub(/[-:]/, " ", $1)
        print "site," mktime($1) "," mktime($1) + 60 "," $2 ",0,0"
      }'
}
# Counters that only grow, of each zone about every 5 s; what lies between two readings is an interval.
nginx() {
  unpacked nginxplus_counters_1.jsonl.zst |
    jq -r 'select(.zone) | .responses as $of |
      [.zone, (.t_ms / 1000 | floor), $of.total, $of."4xx", $of."5xx"] | @csv' |
    tr -d '"' |
    gawk -F, '$1 in at && $2 > at[$1] && $3 >= all[$1] {
        print $1 "," at[$1] "," $2 "," $3 - all[$1] "," $4 - bad[$1] "," $5 - failed[$1]
      }
      { at[$1] = $2; all[$1] = $3; bad[$1] = $4; failed[$1] = $5 }'
}
# The date stands in two words and the time has seven decimals; the layout wants one word and nginx's three.
nova() {
  unpacked openstack_nova_api_1.log.zst |
    sed -E -e 's/^[^ ]+ ([0-9-]+) ([0-9:.]+) /\1T\2+00:00 /' -e 's/(time: [0-9]+\.[0-9]{3})[0-9]*\r?$/\1/'
}
# shellcheck disable=SC2016  # the dollars are nginx's
nova_layout='nginx:$time_iso8601 $pid $level $logger [$context] $remote_addr "$request" status: $status'
# shellcheck disable=SC2016
nova_layout+=' len: $body_bytes_sent time: $request_time'

commit=$(git describe --always --dirty)
build/release/bench/series_aa --commit "$commit" "$@" \
  --every 1800 --offsets 1 --before 3600 --counts worldcup98=<(worldcup) \
  --every 960 --offsets 16 --before 300 --counts nginx_org=<(nginx) \
  --every 3600 --offsets 12 --before 600 --log elastic=<(unpacked elastic_apache_combined_2015-05.log.zst) \
  --every 1200 --offsets 4 --before 600 --log hackers=<(unpacked hackers_access_2015-10.log.zst) \
  --every 960 --offsets 16 --before 300 --log acunetix=<(unpacked scan_acunetix.log.zst) \
  --log w3af=<(unpacked scan_w3af.log.zst) \
  --every 150 --offsets 15 --before 120 --observe 120 --format "$nova_layout" --log openstack_nova=<(nova)
