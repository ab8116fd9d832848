/* nvidia-smi -L on top of whatever libnvidia-ml.so.1 is found: a line for each GPU, or what is wrong and the code of NVML. */
#include <dlfcn.h>
#include <stdio.h>

typedef void *nvmlDevice_t;

int main(void)
{
    void *library = dlopen("libnvidia-ml.so.1", RTLD_NOW);
    int code;
    unsigned int count = 0;

    if (!library) {
        puts("NVIDIA-SMI couldn't find libnvidia-ml.so library in your system.");
        return 12;
    }
    const char *(*reason)(int) = dlsym(library, "nvmlErrorString");
    int (*init)(void) = dlsym(library, "nvmlInit_v2");
    int (*get_count)(unsigned int *) = dlsym(library, "nvmlDeviceGetCount_v2");
    int (*get_handle)(unsigned int, nvmlDevice_t *) = dlsym(library, "nvmlDeviceGetHandleByIndex_v2");
    int (*get_name)(nvmlDevice_t, char *, unsigned int) = dlsym(library, "nvmlDeviceGetName");
    int (*get_uuid)(nvmlDevice_t, char *, unsigned int) = dlsym(library, "nvmlDeviceGetUUID");

    if ((code = init()) != 0 || (code = get_count(&count)) != 0) {
        printf("Failed to initialize NVML: %s\n", reason(code));
        return code;
    }
    if (count == 0) {
        puts("No devices found.");
        return 6;
    }
    for (unsigned int at = 0; at < count; at++) {
        char name[96] = "", uuid[96] = "";
        nvmlDevice_t device;

        if ((code = get_handle(at, &device)) != 0) {
            printf("Unable to determine the device handle for GPU%u: %s\n", at, reason(code));
            return code;
        }
        get_name(device, name, sizeof name);
        get_uuid(device, uuid, sizeof uuid);
        printf("GPU %u: %s (UUID: %s)\n", at, name, uuid);
    }
    return 0;
}
