#include <curl/curl.h>
#include <linux/sockios.h>
#include <sys/ioctl.h>

// curl_easy_setopt(3), curl_multi_setopt(3) and curl_easy_getinfo(3) are variadic, which Swift cannot call.
// One function per kind of argument; the name in parentheses keeps curl's type-checking macros out.

static inline CURLcode ccurl_set_long(CURL *easy, CURLoption option, long value) {
    return (curl_easy_setopt)(easy, option, value);
}
static inline CURLcode ccurl_set_size(CURL *easy, CURLoption option, curl_off_t value) {
    return (curl_easy_setopt)(easy, option, value);
}
// libcurl copies the text.
static inline CURLcode ccurl_set_text(CURL *easy, CURLoption option, const char *value) {
    return (curl_easy_setopt)(easy, option, value);
}
static inline CURLcode ccurl_set_pointer(CURL *easy, CURLoption option, const void *value) {
    return (curl_easy_setopt)(easy, option, value);
}
static inline CURLcode ccurl_set_list(CURL *easy, CURLoption option, struct curl_slist *value) {
    return (curl_easy_setopt)(easy, option, value);
}
static inline CURLcode ccurl_set_transfer(CURL *easy, CURLoption option, curl_write_callback function) {
    return (curl_easy_setopt)(easy, option, function);
}
static inline CURLcode ccurl_set_seek(CURL *easy, curl_seek_callback function) {
    return (curl_easy_setopt)(easy, CURLOPT_SEEKFUNCTION, function);
}
static inline CURLcode ccurl_set_close(CURL *easy, curl_closesocket_callback function) {
    return (curl_easy_setopt)(easy, CURLOPT_CLOSESOCKETFUNCTION, function);
}
static inline CURLcode ccurl_set_socket(CURL *easy, curl_sockopt_callback function) {
    return (curl_easy_setopt)(easy, CURLOPT_SOCKOPTFUNCTION, function);
}
static inline CURLcode ccurl_set_debug(CURL *easy, curl_debug_callback function) {
    return (curl_easy_setopt)(easy, CURLOPT_DEBUGFUNCTION, function);
}
static inline CURLcode ccurl_set_before_request(CURL *easy, curl_prereq_callback function) {
    return (curl_easy_setopt)(easy, CURLOPT_PREREQFUNCTION, function);
}

static inline CURLMcode ccurl_multi_set_long(CURLM *multi, CURLMoption option, long value) {
    return (curl_multi_setopt)(multi, option, value);
}
static inline CURLMcode ccurl_multi_set_socket(CURLM *multi, curl_socket_callback function, void *context) {
    CURLMcode code = (curl_multi_setopt)(multi, CURLMOPT_SOCKETDATA, context);
    return code ? code : (curl_multi_setopt)(multi, CURLMOPT_SOCKETFUNCTION, function);
}
static inline CURLMcode ccurl_multi_set_timer(CURLM *multi, curl_multi_timer_callback function, void *context) {
    CURLMcode code = (curl_multi_setopt)(multi, CURLMOPT_TIMERDATA, context);
    return code ? code : (curl_multi_setopt)(multi, CURLMOPT_TIMERFUNCTION, function);
}

static inline CURLcode ccurl_get_long(CURL *easy, CURLINFO info, long *value) {
    return (curl_easy_getinfo)(easy, info, value);
}
static inline CURLcode ccurl_get_size(CURL *easy, CURLINFO info, curl_off_t *value) {
    return (curl_easy_getinfo)(easy, info, value);
}
// The text belongs to libcurl and lives until the next transfer of the handle.
static inline CURLcode ccurl_get_text(CURL *easy, CURLINFO info, const char **value) {
    return (curl_easy_getinfo)(easy, info, (char **)value);
}
static inline CURLcode ccurl_get_pointer(CURL *easy, CURLINFO info, void **value) {
    return (curl_easy_getinfo)(easy, info, value);
}

// The OpenSSL connection (SSL *) of a transfer under way; NULL where there is none.
static inline void *ccurl_get_openssl(CURL *easy) {
    struct curl_tlssessioninfo *info = NULL;
    if((curl_easy_getinfo)(easy, CURLINFO_TLS_SSL_PTR, &info) || !info) return NULL;
    return info->backend == CURLSSLBACKEND_OPENSSL ? info->internals : NULL;
}
static inline int ccurl_uses_openssl(CURL *easy) {
    struct curl_tlssessioninfo *info = NULL;
    return !(curl_easy_getinfo)(easy, CURLINFO_TLS_SSL_PTR, &info) && info
        && info->backend == CURLSSLBACKEND_OPENSSL;
}

// Bytes that a TCP connection has taken and the other side has not confirmed: tcp(7). ioctl(2) is variadic.
static inline int ccurl_unconfirmed_bytes(int descriptor, int *count) { return ioctl(descriptor, SIOCOUTQ, count); }

// CURLMsg keeps its code in a union.
static inline CURLcode ccurl_message_code(const CURLMsg *message) { return message->data.result; }
