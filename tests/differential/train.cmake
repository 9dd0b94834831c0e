# Random networks trained by disco-train and by PyTorch; see train_README.md beside this file.
if(DISCO_TRAIN)
  add_test(NAME differential_training COMMAND ${CMAKE_CURRENT_LIST_DIR}/train_run.sh --program $<TARGET_FILE:disco-train>
    --seeds 0..19)
  set_tests_properties(differential_training PROPERTIES TIMEOUT 300 SKIP_RETURN_CODE 77)
endif()
