// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0
//
// curl_easy_setopt, curl_easy_getinfo and curl_multi_setopt are variadic, which Swift cannot call:
// one typed function per kind of argument, named after the argument.
#pragma once
#include <curl/curl.h>
