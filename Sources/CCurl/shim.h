// libcurl's set and get calls take a variable number of arguments, which Swift cannot call: one plain function for
// each kind of value instead. They are inline, so that this target stays a system library without code of its own.
#pragma once

#include <curl/curl.h>
#include <curl/multi.h>

// Macros whose casts Swift does not follow.
static const long CCURL_AUTH_BASIC = (long)CURLAUTH_BASIC;
static const long CCURL_AUTH_BEARER = (long)CURLAUTH_BEARER;

static inline CURLcode ccurl_set_long(CURL *easy, CURLoption option, long value)
{
    return curl_easy_setopt(easy, option, value);
}

static inline CURLcode ccurl_set_offset(CURL *easy, CURLoption option, curl_off_t value)
{
    return curl_easy_setopt(easy, option, value);
}

/// libcurl copies the string (except for CURLOPT_POSTFIELDS, which this is not for).
static inline CURLcode ccurl_set_string(CURL *easy, CURLoption option, const char *value)
{
    return curl_easy_setopt(easy, option, value);
}

static inline CURLcode ccurl_set_pointer(CURL *easy, CURLoption option, void *value)
{
    return curl_easy_setopt(easy, option, value);
}

/// Sets the body to send; libcurl copies it.
static inline CURLcode ccurl_set_body(CURL *easy, const void *bytes, size_t count)
{
    CURLcode code = curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)count);
    return code != CURLE_OK ? code : curl_easy_setopt(easy, CURLOPT_COPYPOSTFIELDS, bytes);
}

/// Trusts the certificates of a PEM text and no others; libcurl copies it.
static inline CURLcode ccurl_trust_only(CURL *easy, const void *pem, size_t count)
{
    struct curl_blob blob = {(void *)pem, count, CURL_BLOB_COPY};
    CURLcode code = curl_easy_setopt(easy, CURLOPT_CAINFO_BLOB, &blob);
    return code != CURLE_OK ? code : curl_easy_setopt(easy, CURLOPT_CAPATH, NULL);
}

/// Speaks HTTP and HTTPS only: no file://, no ftp://.
static inline CURLcode ccurl_only_http(CURL *easy)
{
#if LIBCURL_VERSION_NUM >= 0x075500
    return curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
#else
    return curl_easy_setopt(easy, CURLOPT_PROTOCOLS, (long)(CURLPROTO_HTTP | CURLPROTO_HTTPS));
#endif
}

/// Does not wait, when a transfer is given up, for a name server that does not answer.
static inline CURLcode ccurl_quick_exit(CURL *easy)
{
#if LIBCURL_VERSION_NUM >= 0x075700
    return curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);
#else
    (void)easy;
    return CURLE_OK;
#endif
}

typedef size_t (*ccurl_data_callback)(char *bytes, size_t size, size_t count, void *context);

static inline CURLcode ccurl_on_body(CURL *easy, ccurl_data_callback callback, void *context)
{
    CURLcode code = curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, callback);
    return code != CURLE_OK ? code : curl_easy_setopt(easy, CURLOPT_WRITEDATA, context);
}

static inline CURLcode ccurl_on_header(CURL *easy, ccurl_data_callback callback, void *context)
{
    CURLcode code = curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, callback);
    return code != CURLE_OK ? code : curl_easy_setopt(easy, CURLOPT_HEADERDATA, context);
}

/// The callback runs when the connection stands (TLS and proxy included), before the first byte of the request.
static inline CURLcode ccurl_on_request(CURL *easy, curl_prereq_callback callback, void *context)
{
    CURLcode code = curl_easy_setopt(easy, CURLOPT_PREREQFUNCTION, callback);
    return code != CURLE_OK ? code : curl_easy_setopt(easy, CURLOPT_PREREQDATA, context);
}

static inline CURLcode ccurl_get_long(CURL *easy, CURLINFO info, long *value)
{
    return curl_easy_getinfo(easy, info, value);
}

/// The string belongs to the handle; NULL if there is none.
static inline CURLcode ccurl_get_string(CURL *easy, CURLINFO info, char **value)
{
    return curl_easy_getinfo(easy, info, value);
}
