#include <zlib.h>

// inflateInit2 is a macro, which Swift cannot call.
static inline int czlib_begin(z_stream *stream, int window_bits) { return inflateInit2(stream, window_bits); }
