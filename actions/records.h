// RecordFolder: the files that people read of rollbacks, deploys and releases, beside the state: records/TRIGGER.md,
// records/TRIGGER.svg, records/deploys/DEPLOY.md, records/releases/RELEASE.json. A reader sees a whole file, the old
// one or the new one, also after a crash of the machine.
//
// Thread contract: const calls, any thread; but one writer for a file (the executor, or the release's own process).
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/status.h"

namespace revertd {

// A file's name may have 255 bytes; the ending and ".tmp" come on top.
inline constexpr size_t kRecordNameBytesMax = 200;

// `id` as a file's name without its ending: EncodeName; a longer one ends in a digest of the whole.
std::string RecordName(std::string_view id);

class RecordFolder {
 public:
  // `state_folder` holds the folder "records", which is made at the first Write, for its owner and group (0750).
  explicit RecordFolder(std::string_view state_folder);

  std::string MarkdownPath(std::string_view trigger_id) const;
  std::string ChartPath(std::string_view trigger_id) const;
  static std::string ChartName(std::string_view trigger_id);  // as the record beside it names it
  std::string DeployLogPath(std::string_view deploy_id) const;
  std::string ReleasePath(std::string_view release_id) const;

  // `path` is one of the above. Unavailable: the disk failed, and what stood there before still does.
  Status Write(const std::string& path, std::string_view text) const;
  // Whether that file stands there; unsure is no.
  static bool Exists(const std::string& path);

 private:
  std::string folder_;
};

}  // namespace revertd
