# Finds OASIS3-MCT, as Debian packages it (liboasis3-dev) or built by hand: OASIS_ROOT, in CMake or
# in the environment, is then the folder that OASIS was built into ($ARCHDIR). Gives the target
#
#     OASIS3MCT::OASIS3MCT   modules and static libraries, with netCDF and MPI
#
# A build of OASIS with OpenMP also needs its flag, in CMAKE_EXE_LINKER_FLAGS. Modules of another
# Fortran compiler are of no use: where a program that uses them cannot be linked,
# OASIS3MCT_FOUND is false and OASIS3MCT_NOT_FOUND_MESSAGE says why.
include(FindPackageHandleStandardArgs)

set(roots ${OASIS_ROOT} $ENV{OASIS_ROOT})
set(only_roots)
if(roots)
    set(only_roots NO_DEFAULT_PATH)
endif()

# Debian; OASIS3-MCT 5 (static); up to 4.
find_path(
    OASIS3MCT_MODULES
    mod_oasis.mod
    HINTS ${roots}
    PATH_SUFFIXES
        include/psmile.MPI1
        psmile.MPI1
        include
        build-static/lib/psmile.MPI1
        build/lib/psmile.MPI1
        lib/psmile.MPI1
        ${only_roots}
)
# OASIS comes as archives of code that is not position-independent: good for executables alone.
set(libraries)
foreach(library psmile.MPI1 scrip mct mpeu)
    find_library(
        OASIS3MCT_${library}
        lib${library}.a
        HINTS ${roots}
        PATH_SUFFIXES lib build-static/lib ${only_roots}
    )
    list(APPEND libraries OASIS3MCT_${library})
endforeach()
foreach(cached OASIS3MCT_MODULES ${libraries})
    mark_as_advanced(${cached})
    if(NOT ${cached})
        unset(${cached} CACHE) # so that a later installation is found
    endif()
endforeach()

find_package(MPI QUIET COMPONENTS Fortran)
find_program(NF_CONFIG nf-config)
mark_as_advanced(NF_CONFIG)
if(NF_CONFIG AND NOT OASIS3MCT_NETCDF)
    execute_process(
        COMMAND ${NF_CONFIG} --flibs
        OUTPUT_VARIABLE flags
        OUTPUT_STRIP_TRAILING_WHITESPACE
    )
    execute_process(
        COMMAND ${NF_CONFIG} --includedir
        OUTPUT_VARIABLE modules
        OUTPUT_STRIP_TRAILING_WHITESPACE
    )
    separate_arguments(flags)
    set(OASIS3MCT_NETCDF ${flags} CACHE INTERNAL "netCDF-Fortran")
    set(OASIS3MCT_NETCDF_MODULES ${modules} CACHE INTERNAL "its modules")
elseif(NOT OASIS3MCT_NETCDF)
    find_package(PkgConfig QUIET)
    if(PkgConfig_FOUND)
        pkg_check_modules(OASIS3MCT_NETCDF QUIET IMPORTED_TARGET netcdf-fortran)
        if(OASIS3MCT_NETCDF_FOUND)
            set(OASIS3MCT_NETCDF PkgConfig::OASIS3MCT_NETCDF)
        endif()
    endif()
endif()

if(
    OASIS3MCT_MODULES
    AND OASIS3MCT_psmile.MPI1
    AND OASIS3MCT_NETCDF
    AND MPI_Fortran_FOUND
    AND NOT TARGET OASIS3MCT::OASIS3MCT
)
    set(archives)
    foreach(library ${libraries})
        list(APPEND archives ${${library}})
    endforeach()
    add_library(OASIS3MCT::OASIS3MCT INTERFACE IMPORTED)
    set_target_properties(
        OASIS3MCT::OASIS3MCT
        PROPERTIES
            INTERFACE_INCLUDE_DIRECTORIES
                "${OASIS3MCT_MODULES};${OASIS3MCT_NETCDF_MODULES}"
            INTERFACE_LINK_LIBRARIES
                "${archives};${OASIS3MCT_NETCDF};MPI::MPI_Fortran"
    )
    if(NOT DEFINED OASIS3MCT_LINKS)
        try_compile(
            OASIS3MCT_LINKS
            SOURCE_FROM_CONTENT
                links.f90
                "program links\nuse mod_oasis\ninteger :: error\ncall oasis_terminate(error)\nend program\n"
            LINK_LIBRARIES OASIS3MCT::OASIS3MCT
        )
    endif()
endif()

find_package_handle_standard_args(
    OASIS3MCT
    REQUIRED_VARS
        OASIS3MCT_MODULES
        ${libraries}
        OASIS3MCT_NETCDF
        MPI_Fortran_FOUND
        OASIS3MCT_LINKS
    REASON_FAILURE_MESSAGE
        "Install liboasis3-dev, or set OASIS_ROOT to the folder that OASIS3-MCT was built into with ${CMAKE_Fortran_COMPILER}."
)
