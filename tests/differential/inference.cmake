# Random networks on disco and on ONNX Runtime; see README.md beside this file.
add_executable(differential_answers ${CMAKE_CURRENT_LIST_DIR}/answers_main.cc)
target_link_libraries(differential_answers PRIVATE disco_tests_common nlohmann_json::nlohmann_json)
add_test(NAME differential COMMAND ${CMAKE_CURRENT_LIST_DIR}/run.sh --answers $<TARGET_FILE:differential_answers>
  --seeds 0..49)
set_tests_properties(differential PROPERTIES TIMEOUT 300 SKIP_RETURN_CODE 77 LABELS differential)
