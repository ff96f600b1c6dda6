#include "base/zero_array.h"

#include <sys/mman.h>

#include "base/check.h"

namespace revertd {

void* MapZeroPages(size_t bytes) {
  if (bytes == 0) return nullptr;
  void* pages = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  REVERTD_CHECK(pages != MAP_FAILED);
  ::madvise(pages, bytes, MADV_NOHUGEPAGE);  // a kernel without huge pages refuses, and means the same
  return pages;
}

void UnmapZeroPages(void* pages, size_t bytes) {
  if (pages != nullptr) ::munmap(pages, bytes);
}

}  // namespace revertd
