// SPDX-License-Identifier: Apache-2.0
// FreeBy: deleter of objects that a function of a C library frees. Private to the module.
#pragma once

namespace disco {

template <auto free>
struct FreeBy {
  template <class T>
  void operator()(T* object) const {
    free(object);
  }
};

}  // namespace disco
