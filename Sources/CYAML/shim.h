// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0
//
// Everything that is needed of libyaml imports as it is.
#pragma once
#include <yaml.h>
