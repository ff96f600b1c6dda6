// The command line: argv to options to commands. The one file that knows CLI11, which throws; nothing leaves it.
#pragma once

namespace revertd {

// Answers the process's exit code: 0 done, 1 bad news, 2 wrong usage or configuration, 3 the world failed.
int RunCli(int argc, char** argv);

}  // namespace revertd
