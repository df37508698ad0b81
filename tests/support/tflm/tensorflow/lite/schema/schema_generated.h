#include "../micro/stand_in.h"
