// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0
//
// curl_easy_setopt, curl_easy_getinfo and curl_multi_setopt are variadic, which Swift cannot call:
// one typed function per kind of argument, named after the argument.
#pragma once
#include <curl/curl.h>

static inline CURLcode pb_easy_set_long(CURL *_Nonnull easy, CURLoption option, long value) {
    return curl_easy_setopt(easy, option, value);
}

static inline CURLcode pb_easy_set_text(CURL *_Nonnull easy, CURLoption option, const char *_Nullable value) {
    return curl_easy_setopt(easy, option, value);
}

static inline CURLcode pb_easy_set_pointer(CURL *_Nonnull easy, CURLoption option, const void *_Nullable value) {
    return curl_easy_setopt(easy, option, value);
}

typedef size_t (*pb_data_function)(char *_Nullable, size_t, size_t, void *_Nullable);
static inline CURLcode pb_easy_set_data_function(CURL *_Nonnull easy, CURLoption option, pb_data_function _Nonnull value) {
    return curl_easy_setopt(easy, option, value);
}

static inline CURLcode pb_easy_set_open_socket(CURL *_Nonnull easy, curl_opensocket_callback _Nonnull value) {
    return curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, value);
}

static inline CURLcode pb_easy_set_close_socket(CURL *_Nonnull easy, curl_closesocket_callback _Nonnull value) {
    return curl_easy_setopt(easy, CURLOPT_CLOSESOCKETFUNCTION, value);
}

static inline CURLcode pb_easy_get_long(CURL *_Nonnull easy, CURLINFO info, long *_Nonnull value) {
    return curl_easy_getinfo(easy, info, value);
}

static inline CURLcode pb_easy_get_socket(CURL *_Nonnull easy, curl_socket_t *_Nonnull value) {
    return curl_easy_getinfo(easy, CURLINFO_ACTIVESOCKET, value);
}

static inline CURLcode pb_easy_get_private(CURL *_Nonnull easy, void *_Nullable *_Nonnull value) {
    return curl_easy_getinfo(easy, CURLINFO_PRIVATE, (char **)value);
}

static inline CURLMcode pb_multi_set_socket(CURLM *_Nonnull multi, curl_socket_callback _Nonnull function, void *_Nonnull context) {
    CURLMcode code = curl_multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, function);
    return code != CURLM_OK ? code : curl_multi_setopt(multi, CURLMOPT_SOCKETDATA, context);
}

static inline CURLMcode pb_multi_set_timer(CURLM *_Nonnull multi, curl_multi_timer_callback _Nonnull function, void *_Nonnull context) {
    CURLMcode code = curl_multi_setopt(multi, CURLMOPT_TIMERFUNCTION, function);
    return code != CURLM_OK ? code : curl_multi_setopt(multi, CURLMOPT_TIMERDATA, context);
}

// The result of a finished transfer sits in a union, which Swift imports without names for its members' meaning.
static inline CURL *_Nullable pb_multi_next_done(CURLM *_Nonnull multi, CURLcode *_Nonnull result) {
    int left;
    CURLMsg *message;
    while ((message = curl_multi_info_read(multi, &left))) {
        if (message->msg != CURLMSG_DONE) continue;
        *result = message->data.result;
        return message->easy_handle;
    }
    return NULL;
}

// The peer's address of CURLOPT_OPENSOCKETFUNCTION: 4 or 16 octets copied out, 0 for other families.
#include <netinet/in.h>
#include <string.h>
static inline int pb_address_octets(const struct curl_sockaddr *_Nonnull address, unsigned char *_Nonnull octets) {
    if (address->family == AF_INET) {
        memcpy(octets, &((const struct sockaddr_in *)&address->addr)->sin_addr, 4);
        return 4;
    }
    if (address->family == AF_INET6) {
        memcpy(octets, &((const struct sockaddr_in6 *)&address->addr)->sin6_addr, 16);
        return 16;
    }
    return 0;
}
static inline curl_socket_t pb_open_socket(const struct curl_sockaddr *_Nonnull address) {
    return socket(address->family, address->socktype, address->protocol);
}

// CURLVERSION_NOW is a macro over an enumerator.
static inline const char *_Nonnull pb_curl_version(void) { return curl_version_info(CURLVERSION_NOW)->version; }
