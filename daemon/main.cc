#include "daemon/cli.h"

int main(int argc, char** argv) { return revertd::RunCli(argc, argv); }
