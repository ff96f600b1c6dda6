// How git is called wherever we call it: with what could run a program of somebody else's, ask a person or change an
// answer from machine to machine switched off, and with nothing of our caller's GIT_* variables.
//
// Pure, any thread.
#pragma once

#include <string>
#include <vector>

namespace revertd {

// What stands before the command: `-c` and each setting. The user's own configuration stays in force for credentials,
// ssh, url rewriting, signing, and how a work tree is read.
std::vector<std::string> GitArguments();
// `environment` of this process, as git gets it.
std::vector<std::string> GitEnvironment(const std::vector<std::string>& environment);

}  // namespace revertd
