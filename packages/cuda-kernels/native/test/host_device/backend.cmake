# The CUDA backend on a device that is played on the host, for the tests: native/cuda as it is but for cudnn.cc and
# launch.cuh, which have their counterparts in this folder. Needs CUDA's headers, and neither nvcc nor a driver.
set(HOST_DEVICE native/test/host_device)
file(GLOB KERNEL_SOURCES CONFIGURE_DEPENDS ${HOST_DEVICE}/*.cc native/cuda/*.cc)
list(FILTER KERNEL_SOURCES EXCLUDE REGEX native/cuda/cudnn.cc)
file(GLOB DEVICE_SOURCES CONFIGURE_DEPENDS native/cuda/*.cu)
functor_sources(native/cuda/functors.cu.in cu FUNCTOR_SOURCES)
set_source_files_properties(${DEVICE_SOURCES} ${FUNCTOR_SOURCES} PROPERTIES LANGUAGE CXX
  COMPILE_OPTIONS "-O2;-include;${CMAKE_SOURCE_DIR}/${HOST_DEVICE}/launch.h")

add_library(dualpath_engine STATIC ${ENGINE_SOURCES} ${KERNEL_SOURCES} ${DEVICE_SOURCES} ${FUNCTOR_SOURCES})
target_include_directories(dualpath_engine PRIVATE native)
target_include_directories(dualpath_engine SYSTEM PUBLIC ${DUALPATH_CUDA_INCLUDES})
target_compile_options(dualpath_engine PUBLIC -Wall -Wextra -fopenmp-simd)
target_link_libraries(dualpath_engine PUBLIC Threads::Threads)
