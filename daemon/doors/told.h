// Told: what one delivery of a forge, a CI system or a delivery tool told, in our words, whoever told it. Parsers
// (github.h, gitlab.h, flux.h, argocd.h, sentry_cli.h) make it of bytes; DeploysOf (deploys_of.h) makes deploys of it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"

namespace revertd {

// What it is about. The name is the kept event's "event".
enum class ToldKind {
  kPing,        // nothing happened
  kPush,        // a branch or tag has moved
  kMerge,       // a pull request was merged
  kReview,      // a pull request was opened, changed, reviewed or closed without a merge
  kCheck,       // a test's result on a commit: check_run, check_suite, status, job
  kPipeline,    // a workflow's or pipeline's result
  kDeployment,  // something was, is being or could not be deployed
  kRelease,     // a version was published
  kOther,       // understood, and none of our business
};
std::string_view NameOf(ToldKind kind);

struct Told {
  ToldKind kind = ToldKind::kOther;
  std::string source;  // "github", "gitlab", "flux", "argocd", "sentry"
  std::string action;  // the source's own word: "deployment_status created", "push", "Merge Request Hook merge"
  TimeNs at_ns = 0;    // when it happened, by the body's word; 0: the body does not say

  std::string repository;          // "acme/shop": the forge's whole path of it
  std::vector<std::string> urls;   // of the repository: clone and web
  std::string branch;              // without refs/heads/; of a merge the branch merged into
  std::string tag;                 // without refs/tags/
  std::string commit;              // full revision that it is about; empty: none is said (a branch was deleted)
  std::string base;                // full revision before; empty: not said or none
  bool is_forced = false;          // a push that threw commits away
  std::vector<std::string> paths;  // of a push: files touched, each once; only where all_paths
  bool all_paths = false;          // the body lists every commit, so that paths are all

  std::string environment;  // of a deployment, as its source names it
  std::string name;         // application, Kustomization, Sentry project, workflow or check
  std::string version;      // release's name or tag, where it is no revision
  // In words that are the same for all: "pending" (queued, waiting for a machine or an approval: nothing is done yet),
  // "running" (something is being done), "success", "failure", "cancelled", "inactive", "merged", "closed", "opened",
  // "published", "created", "deleted"; otherwise the source's own.
  std::string state;
  TimeNs started_ns = 0;   // of a deployment, where the body says so
  TimeNs finished_ns = 0;  // the same; of one that ended well

  int64_t number = 0;  // of a pull request
  std::string title;
  std::string author;
  std::string url;  // for people
};

// The kept event, one line: {"event": NameOf(kind), "time_ns": at_ns, ...}, what is not empty of the rest. Texts from
// outside are cut, so that an event is a few kilobytes at most. Who knows better than a body without a time sets at_ns.
std::string EventText(const Told& told);

}  // namespace revertd
