# python_tests(LABEL file...): each file is a unittest program of the standard library. One in which
# anything was skipped counts as skipped; ./dev test prints why.
function(python_tests label)
  foreach(file ${ARGN})
    get_filename_component(name ${file} NAME_WE)
    string(REGEX REPLACE "_test$" "" name ${name})
    add_test(NAME ${label}_${name} COMMAND Python3::Interpreter ${CMAKE_CURRENT_SOURCE_DIR}/${file} -v)
    set_tests_properties(${label}_${name} PROPERTIES LABELS ${label} TIMEOUT 600
      SKIP_REGULAR_EXPRESSION "OK \\(skipped="
      ENVIRONMENT "BASEWATCH_BUILD=${CMAKE_BINARY_DIR};PYTHONPATH=${CMAKE_SOURCE_DIR}/tests;PYTHONDONTWRITEBYTECODE=1")
  endforeach()
endfunction()
