# oneDNN, and functors for the vector units of the machine that builds; the addon checks at load that it still runs on
# such a one.
set(DUALPATH_ARCH native CACHE STRING "-march of the kernels")

find_package(OpenMP REQUIRED)
find_path(DNNL_INCLUDE oneapi/dnnl/dnnl.hpp HINTS ${DNNL_ROOT}/include REQUIRED)
find_library(DNNL_LIBRARY NAMES dnnl libdnnl.so.2 HINTS ${DNNL_ROOT}/lib ${DNNL_ROOT}/lib64 REQUIRED)

file(GLOB KERNEL_SOURCES CONFIGURE_DEPENDS native/cpu/*.cc)
list(FILTER FAMILY_LISTS EXCLUDE REGEX batch_norm) # the CPU has its own
functor_sources(native/cpu/functors.cc.in cc FUNCTOR_SOURCES)
list(APPEND KERNEL_SOURCES ${FUNCTOR_SOURCES})
# What the CUDA binary decides without a device is tested here.
file(GLOB DECISION_SOURCES CONFIGURE_DEPENDS native/cuda/*_request.cc native/cuda/no_device.cc)
set_source_files_properties(${KERNEL_SOURCES} PROPERTIES
  COMPILE_OPTIONS "-march=${DUALPATH_ARCH};-fno-math-errno;-fno-trapping-math")

add_library(dualpath_engine STATIC ${ENGINE_SOURCES} ${KERNEL_SOURCES} ${DECISION_SOURCES})
target_include_directories(dualpath_engine PRIVATE native)
target_include_directories(dualpath_engine SYSTEM PUBLIC ${DNNL_INCLUDE})
target_compile_options(dualpath_engine PUBLIC -Wall -Wextra)
target_link_libraries(dualpath_engine PUBLIC ${DNNL_LIBRARY} OpenMP::OpenMP_CXX Threads::Threads)
