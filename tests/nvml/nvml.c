/*
 * A stand-in for libnvidia-ml.so.1, the C library of NVIDIA's driver, for machines without a GPU: NVML's binary interface, as far
 * as hfai and nvidia-smi -L use it. tests/nvml/machine.py builds it and writes what it reads.
 *
 * Beside the library there is a directory for each GPU, by its number, with a file for each thing that this GPU can tell; what has no
 * file is "not supported". A file named like a function, there or beside the library, holds the code that the function returns;
 * "every" holds that of all functions of a GPU; HANG means that it never returns, and makes the file "asked" beside the library.
 * Files are read at each call.
 *
 * -DDRIVER=470 leaves out what drivers of that branch do not have.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#ifndef DRIVER
#define DRIVER 570
#endif
#define HANG (-1)
#define MOST_GPUS 16
#define NOT_IN_MIG_MODE 0xFFFFFFFFu
#define MEMORY_V2 (sizeof(nvmlMemory_v2_t) | 2u << 24)

typedef enum {
    NVML_SUCCESS = 0,
    NVML_ERROR_UNINITIALIZED = 1,
    NVML_ERROR_INVALID_ARGUMENT = 2,
    NVML_ERROR_NOT_SUPPORTED = 3,
    NVML_ERROR_NO_PERMISSION = 4,
    NVML_ERROR_INSUFFICIENT_SIZE = 7,
    NVML_ERROR_DRIVER_NOT_LOADED = 9,
    NVML_ERROR_TIMEOUT = 10,
    NVML_ERROR_GPU_IS_LOST = 15,
    NVML_ERROR_LIB_RM_VERSION_MISMATCH = 18,
    NVML_ERROR_ARGUMENT_VERSION_MISMATCH = 25,
    NVML_ERROR_UNKNOWN = 999
} nvmlReturn_t;

typedef struct nvmlDevice_st {
    char place[4];
} *nvmlDevice_t;

typedef struct {
    unsigned long long total, free, used;
} nvmlMemory_t;

typedef struct {
    unsigned int version;
    unsigned long long total, reserved, free, used;
} nvmlMemory_v2_t;

typedef struct {
    unsigned int gpu, memory;
} nvmlUtilization_t;

typedef struct {
    unsigned int pid;
    unsigned long long used;
} nvmlProcessInfo_v1_t;

typedef struct {
    unsigned int pid;
    unsigned long long used;
    unsigned int gpu_instance, compute_instance;
} nvmlProcessInfo_v2_t;

static struct nvmlDevice_st devices[MOST_GPUS];
static unsigned int users;

/* Where a file is, from the path that the library was found by. */
static const char *path_of(const char *place, const char *name)
{
    static char path[PATH_MAX];
    Dl_info library;

    if (!dladdr((void *)devices, &library))
        abort();
    snprintf(path, sizeof path, "%s", library.dli_fname);
    char *end = strrchr(path, '/');
    snprintf(end, path + sizeof path - end, "/%s/%s", place, name);
    return path;
}

static FILE *opened(const char *place, const char *name)
{
    return fopen(path_of(place, name), "r");
}

/* The code that a function is to return; 0 if it is to answer. */
static nvmlReturn_t decided(const char *place, const char *function)
{
    FILE *file = opened(place, function);
    int code = NVML_ERROR_UNKNOWN;

    if (!file && !(file = opened(place, "every")))
        return NVML_SUCCESS;
    if (fscanf(file, "%d", &code) != 1)
        code = NVML_ERROR_UNKNOWN;
    fclose(file);
    if (code == HANG) {
        fclose(fopen(path_of(".", "asked"), "w"));
        for (;;)
            pause();
    }
    return code;
}

static nvmlReturn_t asked(nvmlDevice_t device, const char *function, const void *answer)
{
    nvmlReturn_t code;

    if (!users)
        return NVML_ERROR_UNINITIALIZED;
    if (device < devices || device >= devices + MOST_GPUS || !answer)
        return NVML_ERROR_INVALID_ARGUMENT;
    code = decided(device->place, function);
    return code != NVML_SUCCESS ? code : decided(".", function);
}

#define ASK(device, answer) \
    do { \
        nvmlReturn_t code_ = asked(device, __func__, answer); \
        if (code_ != NVML_SUCCESS) \
            return code_; \
    } while (0)

static nvmlReturn_t number(nvmlDevice_t device, const char *name, unsigned long long *value)
{
    FILE *file = opened(device->place, name);
    int found;

    if (!file)
        return NVML_ERROR_NOT_SUPPORTED;
    found = fscanf(file, "%llu", value);
    fclose(file);
    return found == 1 ? NVML_SUCCESS : NVML_ERROR_UNKNOWN;
}

static nvmlReturn_t small_number(nvmlDevice_t device, const char *name, unsigned int *value)
{
    unsigned long long large = 0;
    nvmlReturn_t code = number(device, name, &large);

    if (code == NVML_SUCCESS)
        *value = (unsigned int)large;
    return code;
}

static nvmlReturn_t text(nvmlDevice_t device, const char *name, char *value, unsigned int length)
{
    char line[128];
    FILE *file = opened(device->place, name);

    if (!file)
        return NVML_ERROR_NOT_SUPPORTED;
    if (!fgets(line, sizeof line, file))
        line[0] = 0;
    fclose(file);
    line[strcspn(line, "\n")] = 0;
    if (strlen(line) >= length)
        return NVML_ERROR_INSUFFICIENT_SIZE;
    strcpy(value, line);
    return NVML_SUCCESS;
}

static nvmlReturn_t begin(const char *function)
{
    nvmlReturn_t code = decided(".", function);

    if (code != NVML_SUCCESS)
        return code;
    for (int at = 0; at < MOST_GPUS; at++)
        snprintf(devices[at].place, sizeof devices[at].place, "%d", at);
    users++;
    return NVML_SUCCESS;
}

nvmlReturn_t nvmlInit_v2(void)
{
    return begin("nvmlInit");
}

#if DRIVER >= 410
nvmlReturn_t nvmlInitWithFlags(unsigned int flags)
{
    (void)flags;
    return begin("nvmlInit");
}
#endif

nvmlReturn_t nvmlShutdown(void)
{
    if (!users)
        return NVML_ERROR_UNINITIALIZED;
    users--;
    return NVML_SUCCESS;
}

const char *nvmlErrorString(nvmlReturn_t code)
{
    switch (code) {
    case NVML_SUCCESS: return "The operation was successful";
    case NVML_ERROR_UNINITIALIZED: return "Uninitialized";
    case NVML_ERROR_INVALID_ARGUMENT: return "Invalid Argument";
    case NVML_ERROR_NOT_SUPPORTED: return "Not Supported";
    case NVML_ERROR_NO_PERMISSION: return "Insufficient Permissions";
    case NVML_ERROR_INSUFFICIENT_SIZE: return "Insufficient Size";
    case NVML_ERROR_DRIVER_NOT_LOADED: return "Driver Not Loaded";
    case NVML_ERROR_TIMEOUT: return "Timeout";
    case NVML_ERROR_GPU_IS_LOST: return "GPU is lost";
    case NVML_ERROR_LIB_RM_VERSION_MISMATCH: return "Driver/library version mismatch";
    case NVML_ERROR_ARGUMENT_VERSION_MISMATCH: return "Argument Version Mismatch";
    default: return "Unknown Error";
    }
}

nvmlReturn_t nvmlDeviceGetCount_v2(unsigned int *count)
{
    nvmlReturn_t code = decided(".", __func__);

    if (!users)
        return NVML_ERROR_UNINITIALIZED;
    if (code != NVML_SUCCESS)
        return code;
    for (*count = 0; *count < MOST_GPUS && access(path_of(devices[*count].place, ""), F_OK) == 0;)
        ++*count;
    return NVML_SUCCESS;
}

nvmlReturn_t nvmlDeviceGetHandleByIndex_v2(unsigned int index, nvmlDevice_t *device)
{
    unsigned int count = 0;
    nvmlReturn_t code = nvmlDeviceGetCount_v2(&count);

    if (code != NVML_SUCCESS)
        return code;
    if (index >= count)
        return NVML_ERROR_INVALID_ARGUMENT;
    ASK(&devices[index], device);
    *device = &devices[index];
    return NVML_SUCCESS;
}

nvmlReturn_t nvmlDeviceGetName(nvmlDevice_t device, char *name, unsigned int length)
{
    ASK(device, name);
    return text(device, "name", name, length);
}

nvmlReturn_t nvmlDeviceGetUUID(nvmlDevice_t device, char *uuid, unsigned int length)
{
    ASK(device, uuid);
    return text(device, "uuid", uuid, length);
}

static nvmlReturn_t memory_of(nvmlDevice_t device, nvmlMemory_v2_t *memory)
{
    nvmlReturn_t code = number(device, "memory_total", &memory->total);

    if (code == NVML_SUCCESS)
        code = number(device, "memory_reserved", &memory->reserved);
    if (code == NVML_SUCCESS)
        code = number(device, "memory_used", &memory->used);
    if (code == NVML_SUCCESS)
        memory->free = memory->total - memory->reserved - memory->used;
    return code;
}

/* Here what the driver keeps for itself counts as used; in the second version it does not. */
nvmlReturn_t nvmlDeviceGetMemoryInfo(nvmlDevice_t device, nvmlMemory_t *memory)
{
    nvmlMemory_v2_t parts;
    nvmlReturn_t code;

    ASK(device, memory);
    code = memory_of(device, &parts);
    if (code == NVML_SUCCESS)
        *memory = (nvmlMemory_t){parts.total, parts.free, parts.reserved + parts.used};
    return code;
}

#if DRIVER >= 510
nvmlReturn_t nvmlDeviceGetMemoryInfo_v2(nvmlDevice_t device, nvmlMemory_v2_t *memory)
{
    ASK(device, memory);
    if (memory->version != MEMORY_V2)
        return NVML_ERROR_ARGUMENT_VERSION_MISMATCH;
    return memory_of(device, memory);
}
#endif

nvmlReturn_t nvmlDeviceGetUtilizationRates(nvmlDevice_t device, nvmlUtilization_t *rates)
{
    ASK(device, rates);
    rates->memory = 0;
    return small_number(device, "utilization", &rates->gpu);
}

nvmlReturn_t nvmlDeviceGetTemperature(nvmlDevice_t device, int sensor, unsigned int *celsius)
{
    ASK(device, celsius);
    return sensor == 0 ? small_number(device, "temperature", celsius) : NVML_ERROR_INVALID_ARGUMENT;
}

nvmlReturn_t nvmlDeviceGetPowerUsage(nvmlDevice_t device, unsigned int *milliwatts)
{
    ASK(device, milliwatts);
    return small_number(device, "power_mw", milliwatts);
}

nvmlReturn_t nvmlDeviceGetTotalEccErrors(nvmlDevice_t device, int kind, int counter, unsigned long long *count)
{
    const char *names[2][2] = {{"corrected", "corrected_ever"}, {"uncorrected", "uncorrected_ever"}};

    ASK(device, count);
    if (kind < 0 || kind > 1 || counter < 0 || counter > 1)
        return NVML_ERROR_INVALID_ARGUMENT;
    return number(device, names[kind][counter], count);
}

nvmlReturn_t nvmlDeviceGetRetiredPagesPendingStatus(nvmlDevice_t device, int *is_pending)
{
    ASK(device, is_pending);
    return small_number(device, "pages_pending", (unsigned int *)is_pending);
}

#if DRIVER >= 450
nvmlReturn_t nvmlDeviceGetRemappedRows(
    nvmlDevice_t device, unsigned int *corrected, unsigned int *uncorrected, unsigned int *is_pending, unsigned int *has_failed)
{
    FILE *file;
    int found;

    ASK(device, corrected);
    file = opened(device->place, "rows");
    if (!file)
        return NVML_ERROR_NOT_SUPPORTED;
    found = fscanf(file, "%u %u %u %u", corrected, uncorrected, is_pending, has_failed);
    fclose(file);
    return found == 4 ? NVML_SUCCESS : NVML_ERROR_UNKNOWN;
}
#endif

/* Reads "pid bytes" line by line. */
static nvmlReturn_t processes_of(nvmlDevice_t device, unsigned int *count, void *infos, size_t size)
{
    unsigned int room = *count, pid;
    unsigned long long used;
    FILE *file = opened(device->place, "processes");

    if (!file)
        return NVML_ERROR_NOT_SUPPORTED;
    for (*count = 0; fscanf(file, "%u %llu", &pid, &used) == 2; ++*count) {
        nvmlProcessInfo_v2_t info = {pid, used, NOT_IN_MIG_MODE, NOT_IN_MIG_MODE};
        if (infos && *count < room)
            memcpy((char *)infos + *count * size, &info, size);
    }
    fclose(file);
    return *count > room ? NVML_ERROR_INSUFFICIENT_SIZE : NVML_SUCCESS;
}

nvmlReturn_t nvmlDeviceGetComputeRunningProcesses(nvmlDevice_t device, unsigned int *count, nvmlProcessInfo_v1_t *infos)
{
    ASK(device, count);
    return processes_of(device, count, infos, sizeof *infos);
}

#if DRIVER >= 460
nvmlReturn_t nvmlDeviceGetComputeRunningProcesses_v2(nvmlDevice_t device, unsigned int *count, nvmlProcessInfo_v2_t *infos)
{
    ASK(device, count);
    return processes_of(device, count, infos, sizeof *infos);
}
#endif

#if DRIVER >= 510
nvmlReturn_t nvmlDeviceGetComputeRunningProcesses_v3(nvmlDevice_t device, unsigned int *count, nvmlProcessInfo_v2_t *infos)
{
    ASK(device, count);
    return processes_of(device, count, infos, sizeof *infos);
}
#endif
