# cuDNN, cuBLASLt and functors for devices from compute capability 8.0 on. nvcc is called directly: CMake's own support
# for CUDA does not know the folders of NVIDIA's wheels.
set(DUALPATH_CUDA_LIBRARIES "" CACHE STRING "cuBLASLt, cuDNN and the static CUDA run time")
set(DUALPATH_CUDA_RPATH "" CACHE STRING "Folders that are searched for them at run time")
set(DUALPATH_CUDA_TARGETS
  -gencode arch=compute_80,code=sm_80
  -gencode arch=compute_90,code=sm_90
  -gencode arch=compute_90,code=compute_90)

set(CUDA_INCLUDE_FLAGS "")
foreach(folder ${DUALPATH_CUDA_INCLUDES})
  list(APPEND CUDA_INCLUDE_FLAGS -isystem ${folder})
endforeach()

file(GLOB DEVICE_SOURCES CONFIGURE_DEPENDS native/cuda/*.cu)
functor_sources(native/cuda/functors.cu.in cu FUNCTOR_SOURCES)
set(DEVICE_OBJECTS "")
set_property(GLOBAL PROPERTY JOB_POOLS one_at_a_time=1) # nvcc takes a gigabyte
foreach(source ${DEVICE_SOURCES} ${FUNCTOR_SOURCES})
  get_filename_component(name ${source} NAME_WE)
  set(object ${CMAKE_BINARY_DIR}/device/${name}.o)
  # What ptxas says of registers and spills is kept beside the object.
  add_custom_command(OUTPUT ${object}
    COMMAND ${CMAKE_COMMAND} -E make_directory ${CMAKE_BINARY_DIR}/device
    COMMAND ${DUALPATH_NVCC} -std=c++20 -O3 --extended-lambda --expt-relaxed-constexpr ${DUALPATH_CUDA_TARGETS}
      -Xptxas=-v -Xcompiler=-fPIC,-fvisibility=hidden,-Wall -I ${CMAKE_SOURCE_DIR}/native ${CUDA_INCLUDE_FLAGS}
      -MD -MF ${object}.d -MT ${object} -c ${source} -o ${object}
      2> ${object}.log || sh -c "cat ${object}.log; false"
    DEPENDS ${source}
    DEPFILE ${object}.d
    COMMENT "Compiling ${name}.cu"
    JOB_POOL one_at_a_time
    VERBATIM)
  list(APPEND DEVICE_OBJECTS ${object})
endforeach()

file(GLOB KERNEL_SOURCES CONFIGURE_DEPENDS native/cuda/*.cc)
# The frontend's templates take minutes to optimise and run once a launch.
set_source_files_properties(native/cuda/cudnn.cc PROPERTIES COMPILE_OPTIONS "-O1")
add_library(dualpath_engine STATIC ${ENGINE_SOURCES} ${KERNEL_SOURCES} ${DEVICE_OBJECTS})
target_include_directories(dualpath_engine SYSTEM PUBLIC ${DUALPATH_CUDA_INCLUDES})
target_compile_options(dualpath_engine PUBLIC -Wall -Wextra)
target_link_libraries(dualpath_engine PUBLIC ${DUALPATH_CUDA_LIBRARIES} Threads::Threads dl rt)
