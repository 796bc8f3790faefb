#include <errno.h>
#include <hiredis/hiredis.h>
