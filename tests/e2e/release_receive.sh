#!/bin/bash
# The deploy of release.sh, a post-receive hook: of what is pushed to production each service whose files changed is
# laid into its application's folder, with the commit that it now says it runs, and the application is reloaded. Nobody
# is told: a release registers its deploys itself.
set -euo pipefail
exec >>"@FOLDER@/hook.log" 2>&1
services="@SERVICES@"

lay() {  # HEAD SERVICE
  local application=@FOLDER@/$2
  git show "$1:$2/app.conf" >"$application/app.conf"
  echo "add_header X-Revision $1 always;" >"$application/revision.conf"
}

while read -r old new ref; do
  [[ $ref == refs/heads/production ]] || continue
  for service in $services; do
    # The repository is new: nothing runs yet, the version only has to lie in its place.
    if [[ $old =~ ^0+$ ]]; then
      lay "$new" "$service"
      continue
    fi
    ! git diff --quiet "$old" "$new" -- "$service/" || continue
    lay "$new" "$service"
    nginx -p "@FOLDER@/$service" -c "@FOLDER@/$service/nginx.conf" -e stderr -t -q
    kill -HUP "$(cat "@FOLDER@/$service/nginx.pid")"
    echo "deployed $service $new" >>"@FOLDER@/timeline"
  done
done
