// Runs the revertd program itself, as a user's shell would.
#pragma once

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "tests/test_folder.h"

namespace revertd {

struct ProgramResult {
  int exit_code = -1;
  std::string out;
  std::string err;
};

inline std::string ReadFile(const std::string& path) {
  std::ifstream file(path);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

// Starts the program with stdin from `in_path` and stdout and stderr into the folder's files; answers its process id.
inline pid_t StartProgram(const TestFolder& folder, const std::vector<std::string>& arguments, int in_fd) {
  const std::string out = folder.Path("stdout");
  const std::string err = folder.Path("stderr");
  const pid_t child = ::fork();
  if (child != 0) return child;
  ::dup2(in_fd, STDIN_FILENO);
  ::dup2(::open(out.c_str(), O_CREAT | O_WRONLY | O_TRUNC, 0600), STDOUT_FILENO);
  ::dup2(::open(err.c_str(), O_CREAT | O_WRONLY | O_TRUNC, 0600), STDERR_FILENO);
  std::vector<char*> argv = {const_cast<char*>(REVERTD_PROGRAM)};
  for (const std::string& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
  argv.push_back(nullptr);
  ::execv(REVERTD_PROGRAM, argv.data());
  ::_exit(127);
}

inline ProgramResult WaitForProgram(const TestFolder& folder, pid_t child) {
  int status = 0;
  ::waitpid(child, &status, 0);
  return {WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status), ReadFile(folder.Path("stdout")),
          ReadFile(folder.Path("stderr"))};
}

inline ProgramResult RunProgram(const TestFolder& folder, const std::vector<std::string>& arguments,
                                std::string_view input = "") {
  const std::string in_path = folder.Write("stdin", input);
  const int in_fd = ::open(in_path.c_str(), O_RDONLY);
  const pid_t child = StartProgram(folder, arguments, in_fd);
  ::close(in_fd);
  return WaitForProgram(folder, child);
}

}  // namespace revertd
