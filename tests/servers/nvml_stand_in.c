/* A stand-in of NVIDIA's management library: GPUs as a file describes them, read at every call.

   The file's name comes from NVML_STAND_IN; a line of it is one GPU:
     uuid power_mw since_s start_mj has_counter total_bytes used_bytes pids
   The energy counter stood at start_mj at since_s (seconds of the epoch) and grows by the power.
   pids: separated by commas, or "-". Whatever pynvml asks for besides does not exist here, as in
   an old driver. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define SUCCESS 0
#define INVALID_ARGUMENT 2
#define NOT_SUPPORTED 3
#define INSUFFICIENT_SIZE 7
#define UNKNOWN 999
#define MAX_GPUS 16

typedef struct {
  char uuid[96];
  double power_mw, since_s, start_mj;
  int has_counter;
  unsigned long long total_bytes, used_bytes;
  char pids[256];
} Gpu;

typedef struct { unsigned long long total, free, used; } Memory;
typedef struct { unsigned int gpu, memory; } Utilization;
typedef struct {
  unsigned int pid;
  unsigned long long used_memory;
  unsigned int gpu_instance, compute_instance;
} Process;

static int read_gpus(Gpu *gpus) {
  const char *name = getenv("NVML_STAND_IN");
  FILE *file = name ? fopen(name, "r") : NULL;
  int num = 0;
  if (!file) return -1;
  while (num < MAX_GPUS &&
         fscanf(file, "%95s %lf %lf %lf %d %llu %llu %255s", gpus[num].uuid, &gpus[num].power_mw,
                &gpus[num].since_s, &gpus[num].start_mj, &gpus[num].has_counter,
                &gpus[num].total_bytes, &gpus[num].used_bytes, gpus[num].pids) == 8)
    num++;
  fclose(file);
  return num;
}

/* A handle is the index plus one, so that none is NULL. */
static int read_gpu(void *handle, Gpu *gpu) {
  Gpu gpus[MAX_GPUS];
  long index = (long)handle - 1;
  int num = read_gpus(gpus);
  if (num < 0) return UNKNOWN;
  if (index < 0 || index >= num) return INVALID_ARGUMENT;
  *gpu = gpus[index];
  return SUCCESS;
}

int nvmlInitWithFlags(unsigned int flags) {
  Gpu gpus[MAX_GPUS];
  (void)flags;
  return read_gpus(gpus) < 0 ? UNKNOWN : SUCCESS;
}

int nvmlShutdown(void) { return SUCCESS; }

const char *nvmlErrorString(int code) {
  return code == NOT_SUPPORTED ? "Not Supported" : "Unknown Error";
}

int nvmlDeviceGetCount_v2(unsigned int *count) {
  Gpu gpus[MAX_GPUS];
  int num = read_gpus(gpus);
  if (num < 0) return UNKNOWN;
  *count = (unsigned int)num;
  return SUCCESS;
}

int nvmlDeviceGetHandleByIndex_v2(unsigned int index, void **handle) {
  Gpu gpu;
  *handle = (void *)((long)index + 1);
  return read_gpu(*handle, &gpu);
}

int nvmlDeviceGetName(void *handle, char *name, unsigned int length) {
  snprintf(name, length, "Stand-in GPU %ld", (long)handle - 1);
  return SUCCESS;
}

int nvmlDeviceGetUUID(void *handle, char *uuid, unsigned int length) {
  Gpu gpu;
  int code = read_gpu(handle, &gpu);
  if (code == SUCCESS) snprintf(uuid, length, "%s", gpu.uuid);
  return code;
}

int nvmlDeviceGetMemoryInfo(void *handle, Memory *memory) {
  Gpu gpu;
  int code = read_gpu(handle, &gpu);
  if (code != SUCCESS) return code;
  memory->total = gpu.total_bytes;
  memory->used = gpu.used_bytes;
  memory->free = gpu.total_bytes - gpu.used_bytes;
  return SUCCESS;
}

int nvmlDeviceGetUtilizationRates(void *handle, Utilization *rates) {
  Gpu gpu;
  int code = read_gpu(handle, &gpu);
  rates->gpu = 42;
  rates->memory = 7;
  return code;
}

int nvmlDeviceGetPowerUsage(void *handle, unsigned int *power_mw) {
  Gpu gpu;
  int code = read_gpu(handle, &gpu);
  if (code == SUCCESS) *power_mw = (unsigned int)gpu.power_mw;
  return code;
}

int nvmlDeviceGetEnforcedPowerLimit(void *handle, unsigned int *limit_mw) {
  (void)handle;
  *limit_mw = 700000;
  return SUCCESS;
}

int nvmlDeviceGetTotalEnergyConsumption(void *handle, unsigned long long *energy_mj) {
  Gpu gpu;
  struct timespec now;
  int code = read_gpu(handle, &gpu);
  if (code != SUCCESS) return code;
  if (!gpu.has_counter) return NOT_SUPPORTED;
  clock_gettime(CLOCK_REALTIME, &now);
  *energy_mj = (unsigned long long)(gpu.start_mj + gpu.power_mw *
                                    (now.tv_sec + now.tv_nsec / 1e9 - gpu.since_s));
  return SUCCESS;
}

static int list_processes(void *handle, unsigned int *count, Process *processes) {
  Gpu gpu;
  unsigned int room = *count, num = 0;
  int code = read_gpu(handle, &gpu);
  if (code != SUCCESS) return code;
  for (char *pid = strtok(gpu.pids, ","); pid; pid = strtok(NULL, ",")) {
    if (!strcmp(pid, "-")) continue;
    if (processes && num < room) processes[num] = (Process){(unsigned int)atol(pid), 1 << 20, 0, 0};
    num++;
  }
  *count = num;
  return num > room ? INSUFFICIENT_SIZE : SUCCESS;
}

int nvmlDeviceGetComputeRunningProcesses_v3(void *handle, unsigned int *count, Process *processes) {
  return list_processes(handle, count, processes);
}
