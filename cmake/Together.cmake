# Several files of a library are compiled as one: what they include is parsed once and what they
# instantiate is compiled once, which halves the time of a whole build. Files whose own names would
# meet stand apart (SEPARATE). Every file compiles alone all the same; `./dev soak` proves it.
option(BASEWATCH_TOGETHER "Compile several files of a library as one" ON)

# basewatch_together(target)
function(basewatch_together target)
  if(BASEWATCH_TOGETHER)
    # Few enough that after a change one does not wait for the whole library.
    set_target_properties(${target} PROPERTIES UNITY_BUILD ON UNITY_BUILD_BATCH_SIZE 6)
  endif()
endfunction()
