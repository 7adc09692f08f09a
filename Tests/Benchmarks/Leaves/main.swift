// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

// `leaves [--json]`: what the functions that every upload goes through cost, one by one; see README.md one folder up.

private import Glibc

private var bench = Bench(isJSON: CommandLine.arguments.contains("--json"))
wireLeaves(&bench)
digestLeaves(&bench)
templateLeaves(&bench)
routeLeaves(&bench)
logLeaves(&bench)
